"""SVIDs through the whole way of a decision: verified with the bundle of their trust domain, and judged by policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.x509 import UniformResourceIdentifier

from actas.document import from_document
from actas.errors import ProtocolError
from actas.evidence.svid import x509_svid
from actas.policy.workbench import Workbench
from actas.request import ExchangeRequest
from svid_exchanges import AS, JWT, PARTNER_AGENT, asserted, beside, by_token, codes, document, registry, root
from trust_domain.authority import TrustDomain

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN, PARTNER, STRANGER = (TrustDomain(name) for name in ("example.org", "partner.test", "stranger.test"))
AGENT, OTHER = "spiffe://example.org/agent/mail", "spiffe://example.org/agent/other"
PATH, SHARED = "/agent/mail", "/agent/shared/mail"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    """Give a workbench whose trust domains have bundle files."""
    async with Workbench.open([root(tmp_path_factory.mktemp("svid") / "policies", [OWN, PARTNER])]) as workbench:
        yield workbench


async def test_a_raw_jwt_svid_is_the_actor(bench: Workbench) -> None:
    """Its own trust domain's key signed it, so nobody has to vouch for it; and what it is, its subject says."""
    for kind in ("jwt_svid", ""):
        decision = await bench.decide(by_token(OWN.jwt_svid(PATH, AS), kind))
        assert codes(decision) == set()
        assert decision.act == {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/mail"}


RIGHT: dict[str, Callable[[], ExchangeRequest]] = {
    "a JWT-SVID beside the token": lambda: beside(jwt=OWN.jwt_svid(PATH, AS)),
    "a JWT-SVID beside the token, and nothing declared": lambda: beside("", jwt=OWN.jwt_svid(PATH, AS)),
    "a JWT-SVID beside a token of which nothing is said": lambda: beside(
        jwt=OWN.jwt_svid(PATH, AS), actor_token=asserted(claims=None, header=None, verified=False)
    ),
    "an X509-SVID": lambda: beside(x509=OWN.x509_svid(PATH).chain),
    "an X509-SVID of an intermediate": lambda: beside(x509=OWN.x509_svid(PATH, issuer=OWN.intermediate()).chain),
    "both": lambda: beside(jwt=OWN.jwt_svid(PATH, AS), x509=OWN.x509_svid(PATH).chain),
    "a raw token and its certificate": lambda: beside(
        x509=OWN.x509_svid(PATH).chain,
        actor_token={"token_type": JWT, "kind": "jwt_svid", "unverified_token": OWN.jwt_svid(PATH, AS)},
    ),
    "a certificate whose key the client has proved": lambda: beside(
        x509=OWN.x509_svid(PATH).chain,
        client={"client_id": "agent-mail", "authenticated": True, "confidential": True, "proof_jkt": thumbprint()},
        **by_access_token(),
    ),
    # The token is the agent's own of another issuer; the registry names both as one agent.
    "an SVID beside an access token of the same agent": lambda: beside(jwt=OWN.jwt_svid(PATH, AS), **by_access_token()),
}


@pytest.mark.parametrize("what", RIGHT)
async def test_right_evidence_is_accepted(bench: Workbench, what: str) -> None:
    """SVI-01 to SVI-08: what is in order in every respect is no reason to deny."""
    assert codes(await bench.decide(RIGHT[what]())) == set()


def jwt(domain: TrustDomain = OWN, **claims: Any) -> str:
    """Give the agent's JWT-SVID with other *claims*, of *domain*."""
    return domain.jwt_svid(PATH, AS, claims=claims)


def named(spiffe_id: str) -> tuple[bytes, ...]:
    """Give a certificate of the own trust domain that names *spiffe_id*."""
    return OWN.x509_svid(PATH, names=(UniformResourceIdentifier(spiffe_id),)).chain


def thumbprint() -> str:
    """Name the key of the agent's certificate."""
    return x509_svid.read(OWN.x509_svid(PATH).chain).thumbprint()


def by_access_token() -> dict[str, Any]:
    """Give an actor that shows an access token, and a subject that names it."""
    whole = document()
    subject = whole["subject_token"]
    subject["claims"]["may_act"] = {"sub": "mail-service"}
    actor = {
        **subject,
        "claims": {**subject["claims"], "sub": "mail-service", "aud": [AS], "client_id": "mail-service"},
    }
    for name in ("may_act", "auth_time", "scope"):
        del actor["claims"][name]
    return {"subject_token": subject, "actor_token": actor}


FORGER = TrustDomain("example.org", seed="of somebody else")
WRONG: dict[str, tuple[Callable[[], ExchangeRequest], set[str]]] = {
    # SPF-01, SPF-03: the syntax of the name, of which no bundle is looked up.
    "SPF-01": (lambda: by_token(OWN.jwt_svid("/agent/../mail", AS)), {"SPIFFE_ID_INVALID", "EVIDENCE_INVALID"}),
    "SPF-02": (lambda: by_token(OWN.jwt_svid("/" + "a" * 2048, AS)), {"SPIFFE_ID_INVALID"}),
    "SPF-03": (lambda: by_token(OWN.jwt_svid("", AS)), {"SPIFFE_ID_NOT_WORKLOAD", "EVIDENCE_INVALID"}),
    "SPF-03 of a certificate": (lambda: beside(x509=OWN.x509_svid("").chain), {"EVIDENCE_INVALID"}),
    "SPF-04": (lambda: beside(jwt=OWN.jwt_svid("/agent/mailer", AS)), {"EVIDENCE_MISMATCH"}),
    "SPF-05": (lambda: by_token(jwt(sub="spiffe://Example.org/agent/mail")), {"SPIFFE_ID_INVALID"}),
    "SVI-01 header": (lambda: by_token(OWN.jwt_svid(PATH, AS, header={"jku": "https://x.test"})), {"EVIDENCE_INVALID"}),
    "SVI-01 typ": (lambda: by_token(OWN.jwt_svid(PATH, AS, header={"typ": "at+jwt"})), {"EVIDENCE_INVALID"}),
    "SVI-02 no audience": (
        lambda: by_token(jwt(aud=None)), {"EVIDENCE_INVALID", "ACTOR_TOKEN_AUDIENCE"}
    ),
    "SVI-02 another audience": (lambda: by_token(OWN.jwt_svid(PATH, "https://other.test")), {"ACTOR_TOKEN_AUDIENCE"}),
    "SVI-02 another audience, beside": (
        lambda: beside(jwt=OWN.jwt_svid(PATH, "https://other.test")), {"EVIDENCE_INVALID", "ACTOR_TOKEN_AUDIENCE"}
    ),
    "SVI-02 ended": (lambda: by_token(jwt(exp=1_000_000)), {"ACTOR_TOKEN_EXPIRED"}),
    "SVI-02 ended, beside": (
        lambda: beside(jwt=jwt(exp=1_000_000)), {"EVIDENCE_INVALID", "ACTOR_TOKEN_EXPIRED"}
    ),
    "SVI-02 ended, beside an access token": (
        lambda: beside(jwt=jwt(exp=1_000_000), **by_access_token()), {"EVIDENCE_INVALID"}
    ),
    "SVI-02 endless": (lambda: by_token(jwt(exp=None)), {"EVIDENCE_INVALID"}),
    "SVI-03": (
        lambda: by_token(jwt(aud=[AS, "https://other.test"])), {"EVIDENCE_MULTI_AUDIENCE"}
    ),
    "SVI-03 beside an access token": (
        lambda: beside(jwt=jwt(aud=[AS, "https://other.test"]), **by_access_token()),
        {"EVIDENCE_INVALID"},
    ),
    "SVI-04": (
        lambda: by_token(jwt(PARTNER, sub=AGENT)), {"BUNDLE_MISMATCH"}
    ),
    "SVI-04 under the name of a known key": (
        lambda: by_token(FORGER.jwt_svid(PATH, AS)), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}
    ),
    "SVI-04 beside": (lambda: beside(jwt=FORGER.jwt_svid(PATH, AS)), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}),
    "SVI-05 of another authority": (
        lambda: beside(x509=FORGER.x509_svid(PATH).chain), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}
    ),
    "SVI-05 authority": (lambda: beside(x509=OWN.x509_svid(PATH, ca=True).chain), {"EVIDENCE_INVALID"}),
    "SVI-05 ended": (lambda: beside(x509=OWN.x509_svid(PATH, starts=-9, ends=-1).chain), {"EVIDENCE_INVALID"}),
    "SVI-05 of which nobody saw the key": (
        lambda: beside(x509=OWN.x509_svid(PATH).chain, actor_token=asserted(kind="x509_svid", pop_jkt="another")),
        {"ACTOR_POP_MISSING"},
    ),
    "SVI-05 beside an access token": (
        lambda: beside(x509=OWN.x509_svid(PATH).chain, **by_access_token()), {"ACTOR_POP_MISSING"}
    ),
    "SVI-07 token": (
        lambda: beside(jwt=OWN.jwt_svid("/agent/other", AS), spiffe_id=OTHER), {"EVIDENCE_MISMATCH"}
    ),
    "SVI-07 certificate": (lambda: beside(x509=OWN.x509_svid("/agent/other").chain), {"EVIDENCE_MISMATCH"}),
    "SVI-07 two SVIDs": (
        lambda: beside(jwt=OWN.jwt_svid(PATH, AS), x509=OWN.x509_svid("/agent/other").chain), {"EVIDENCE_MISMATCH"}
    ),
    "SVI-07 the workload of another agent": (
        lambda: beside(jwt=OWN.jwt_svid("/agent/other", AS), spiffe_id="", **by_access_token()), {"EVIDENCE_MISMATCH"}
    ),
    "SVI-08": (lambda: from_document(document(**by_access_token())), {"EVIDENCE_MISSING"}),
    "FED-01 token": (lambda: by_token(STRANGER.jwt_svid(PATH, AS)), {"TRUST_DOMAIN_UNTRUSTED"}),
    "FED-01 certificate": (lambda: beside("", x509=STRANGER.x509_svid(PATH).chain), {"TRUST_DOMAIN_UNTRUSTED"}),
    "FED-01 beside an access token": (
        lambda: beside("", jwt=STRANGER.jwt_svid(PATH, AS), **by_access_token()), {"TRUST_DOMAIN_UNTRUSTED"}
    ),
    "FED-02": (
        lambda: by_token(jwt(sub=PARTNER_AGENT)), {"BUNDLE_MISMATCH", "EVIDENCE_INVALID"}
    ),
    "FED-02 certificate": (
        lambda: beside(PARTNER_AGENT, x509=named(PARTNER_AGENT)), {"BUNDLE_MISMATCH"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", WRONG)
async def test_wrong_evidence_is_denied(bench: Workbench, check: str) -> None:
    """Whatever the caller says of it: each check of the specifications is made on what the SVID itself shows."""
    ask, expected = WRONG[check]
    assert expected <= codes(await bench.decide(ask()))


async def test_a_federated_workload_acts_on_the_paths_of_the_registry_alone(bench: Workbench) -> None:
    """FED-03: its own bundle authenticates it; what it may do is said here."""
    subject = document()["subject_token"]
    for path, expected in ((SHARED, set()), ("/agent/sharedmail", {"CROSS_DOMAIN_NOT_ALLOWED"})):
        named = PARTNER.spiffe_id(path)
        subject["claims"]["may_act"] = {"sub": named}
        asked = {"subject_token": subject, "actor_workload": {"spiffe_id": named}}
        found = codes(await bench.decide(by_token(PARTNER.jwt_svid(path, AS), **asked)))
        assert found >= expected
        assert bool(found) == bool(expected)


async def test_without_a_bundle_the_caller_s_word_counts_as_before(tmp_path: Path) -> None:
    """The registry knows the trust domain and no bundle of it: evidence is left alone, and a raw token is denied."""
    async with Workbench.open([root(tmp_path / "policies", entries=registry({}))]) as bench:
        assert codes(await bench.decide(beside(jwt=FORGER.jwt_svid(PATH, AS)))) == set()
        found = codes(await bench.decide(by_token(OWN.jwt_svid(PATH, AS))))
        assert found == {"TOKEN_NOT_VERIFIED", "TRUST_DOMAIN_UNTRUSTED"}


async def test_an_empty_bundle_takes_back_every_key(tmp_path: Path) -> None:
    """FED-01: a trust domain that publishes no key has revoked what was there."""
    policies = root(tmp_path / "policies", [OWN])
    (policies / "bundles/example.org.json").write_text('{"keys": []}')
    async with Workbench.open([policies]) as bench:
        assert "TRUST_DOMAIN_UNTRUSTED" in codes(await bench.decide(by_token(OWN.jwt_svid(PATH, AS))))


async def test_a_raw_token_that_the_caller_contradicts_is_refused(bench: Workbench) -> None:
    """What is said beside a raw token can only be the same."""
    token = {**asserted(), "unverified_token": OWN.jwt_svid(PATH, AS)}
    with pytest.raises(ProtocolError):
        await bench.decide(from_document(document(actor_token=token)))
