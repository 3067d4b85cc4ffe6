"""The walk-through of deploy/spire/ with a real SPIRE, word by word, and then everything that SPIRE may do to Actas."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from actas.client import AsyncDecisionClient
from actas.errors import EngineError
from actas.request import ExchangeRequest
from keycloak_certificates import Authority
from readme_blocks import blocks
from spire_exchanges import AS, MAIL, OTHER, Workload, signer, tampered
from spire_support import SPIRE, Walk, walked
from svid_exchanges import codes
from test_svid_service import allowed, until
from trust_domain.authority import TrustDomain

pytestmark = pytest.mark.slow
PARTNER = TrustDomain("partner.test")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """SPIRE and Actas as the walk-through leaves them before it ends them."""
    folder = tmp_path_factory.mktemp("walk")
    authority = Authority(folder, "web")
    cert, key = authority.issue("localhost")
    places = {"/etc/spire/bundle-endpoint.crt": cert, "/etc/spire/bundle-endpoint.key": key}
    (federation,) = (block.text for block in blocks(SPIRE / "README.md") if block.language == "hcl")
    for named, here in places.items():
        federation = federation.replace(named, str(here))
    trust = f'[trust]\nhosts = ["localhost:8443"]\nprivate_hosts = ["localhost:8443"]\nca_file = "{authority.file}"\n'
    changed = {"server.conf": {"server {\n": f"server {{\n{federation}"}, "actas.toml": {"[trust]\n": trust}}
    with walked(folder, changed) as walk:
        yield walk


@pytest.fixture
def workload(walk: Walk) -> Iterator[Workload]:
    """The mail agent, and every other workload of this user."""
    with Workload(walk.spire) as workload:
        yield workload


@pytest.fixture
async def client(walk: Walk) -> AsyncIterator[AsyncDecisionClient]:
    """The authorization server, known by its SVID."""
    async with AsyncDecisionClient(walk.target(), timeout=10) as client:
        yield client


def test_the_walk_through_is_what_it_says(walk: Walk) -> None:
    """It was walked up to an allow; the decision rests on what SPIRE signed, and Actas shows its own SVID."""
    log = [json.loads(line) for line in (walk.spire / "actas.log").read_text(encoding="utf-8").splitlines()]
    (decided,) = (event for event in log if event["event"] == "decision")
    assert decided["evidence"]["actor_token"] == "verified"
    shown = {event["spiffe_id"] for event in log if event.get("setting") == "tls_workload_api"}
    assert shown == {"spiffe://example.org/actas"}


RIGHT: dict[str, Callable[[Workload], ExchangeRequest]] = {
    "token": lambda workload: workload.by_token(workload.jwt()),
    "token beside": lambda workload: workload.beside(workload.jwt()),
    "certificate": lambda workload: workload.by_certificate(workload.x509().chain),
}
WRONG: dict[str, tuple[Callable[[Workload], ExchangeRequest], set[str]]] = {
    "tampered": (lambda w: w.by_token(tampered(w.jwt())), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}),
    "tampered beside": (lambda w: w.beside(tampered(w.jwt())), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}),
    "audience": (lambda w: w.by_token(w.jwt(MAIL, "https://other.test")), {"ACTOR_TOKEN_AUDIENCE"}),
    "audience beside": (lambda w: w.beside(w.jwt(MAIL, "https://other.test")), {"EVIDENCE_INVALID"}),
    "audiences": (lambda w: w.by_token(w.jwt(MAIL, AS, "https://other.test")), {"EVIDENCE_MULTI_AUDIENCE"}),
    "path": (lambda w: w.by_token(w.jwt(OTHER)), {"EVIDENCE_MISMATCH"}),
    "path beside": (lambda w: w.beside(w.jwt(OTHER)), {"EVIDENCE_MISMATCH"}),
    "path of a certificate": (lambda w: w.by_certificate(w.x509(OTHER).chain), {"EVIDENCE_MISMATCH"}),
    "certificate of others": (
        lambda w: w.by_certificate(TrustDomain("example.org", seed="of others").x509_svid("/agent/mail").chain),
        {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"},
    ),
}


@pytest.mark.parametrize("what", RIGHT)
async def test_what_the_agent_gives_is_accepted(client: AsyncDecisionClient, workload: Workload, what: str) -> None:
    """JWT-SVIDs and X509-SVIDs of SPIRE as they are."""
    assert codes(await client.decide(RIGHT[what](workload))) == set()


@pytest.mark.parametrize("what", WRONG)
async def test_what_is_wrong_is_denied(client: AsyncDecisionClient, workload: Workload, what: str) -> None:
    """Real SVIDs that are another's, for another or changed, and one of another authority by the same name."""
    ask, expected = WRONG[what]
    assert expected <= codes(await client.decide(ask(workload)))


async def test_another_workload_of_the_trust_domain_may_not_ask(walk: Walk, workload: Workload) -> None:
    """It shows a certificate that the handshake accepts, and is no caller."""
    async with AsyncDecisionClient(walk.target("svid.2"), timeout=10) as client:
        with pytest.raises(EngineError) as refused:
            await client.decide(workload.by_token(workload.jwt()))
    assert refused.value.reason == "CALLER_NOT_AUTHENTICATED"


async def test_the_bundle_from_a_file_and_from_the_server_s_endpoint(
    walk: Walk, client: AsyncDecisionClient, workload: Workload
) -> None:
    """`bundle show -format spiffe` and the profile `https_web` give what the Workload API gives."""
    sources = ("{file: bundle.json}", f'{{url: "https://localhost:{walk.ports["8443"]}"}}', "{workload_api: true}")
    (walk.spire / "policies/bundle.json").write_text(walk.server("bundle show -format spiffe"), encoding="utf-8")
    for source in sources:
        walk.trust_domains(f"  example.org: {{kind: own, bundle: {source}}}\n")
        assert allowed(await until(client, lambda: workload.by_token(workload.jwt()), allowed)), source
        assert "BUNDLE_MISMATCH" in codes(await client.decide(workload.by_token(tampered(workload.jwt()))))


async def test_a_federated_trust_domain(walk: Walk, client: AsyncDecisionClient, workload: Workload) -> None:
    """The server has the partner's bundle, the entry federates with it, and the agent hands it on to Actas."""
    token = PARTNER.jwt_svid("/agent/shared", AS)
    assert "TRUST_DOMAIN_UNTRUSTED" in codes(await client.decide(workload.by_token(token)))
    (shown,) = (block for block in walk.yaml if "partner.test" in block)
    walk.trust_domains(shown.partition("\n")[2])
    walk.run(f"cat > partner.bundle.json <<'END'\n{PARTNER.bundle_text().decode()}\nEND")
    (commands,) = (step for step in walk.steps if "bundle set" in step)
    walk.run(commands.replace("unix:user:actas", walk.selector))
    unknown = {"TRUST_DOMAIN_UNTRUSTED", "BUNDLE_STALE", "BUNDLE_MISMATCH", "EVIDENCE_INVALID"}
    found = await until(client, lambda: workload.by_token(token), lambda decision: not unknown & codes(decision))
    assert "EVIDENCE_MISMATCH" in codes(found), "it is verified, and another than the mail agent"
    forged = TrustDomain("partner.test", seed="of others").jwt_svid("/agent/shared", AS)
    assert "BUNDLE_MISMATCH" in codes(await client.decide(workload.by_token(forged)))


async def test_without_entries_nothing_is_trusted_until_they_are_back(
    walk: Walk, client: AsyncDecisionClient, workload: Workload
) -> None:
    """Whoever is refused ceases to use what it had (SPIFFE Workload API, section 5.2.2), its callers included."""
    request = workload.by_token(workload.jwt())
    for entry in ("actas", "authorization-server", "mail-agent"):
        walk.server(f"entry delete -entryID {entry}")
    assert await until_known(walk, request, known=False) <= {
        "TRUST_DOMAIN_UNTRUSTED",
        "TOKEN_NOT_VERIFIED",
        "BUNDLE_STALE",
    }
    walk.create_entries()
    await until_known(walk, request, known=True)
    assert allowed(await until(client, lambda: request, allowed))


async def until_known(walk: Walk, request: ExchangeRequest, *, known: bool) -> set[str]:
    """Ask with ever new connections until the caller is *known*, or not any more; give the codes of all denials."""
    seen: set[str] = set()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            async with AsyncDecisionClient(walk.target(), timeout=10) as client:
                seen |= codes(await client.decide(request))
            if known:
                return seen
        except EngineError:
            if not known:
                return seen
        await asyncio.sleep(0.1)
    raise AssertionError(seen)


async def test_the_agent_stops_and_starts_again(walk: Walk, client: AsyncDecisionClient, workload: Workload) -> None:
    """Without it Actas decides by what it has heard; after it, it hears of new keys again."""
    token = workload.jwt()
    walk.stop_agent()
    for _ in range(20):
        assert allowed(await client.decide(workload.by_token(token)))
    walk.start_agent()
    prepared = walk.authority("jwt", "prepare")
    with Workload(walk.spire) as after:
        after.until(lambda: prepared in after.authorities())
        walk.authority("jwt", "activate", prepared)
        fresh = after.jwt()
        assert signer(fresh) == prepared
        assert allowed(await until(client, lambda: after.by_token(fresh), allowed))
