"""No forged, changed or foreign SVID is accepted, and every right one is, through the whole way of a decision."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from cryptography.x509 import DNSName, UniformResourceIdentifier

from actas.decision import Effect
from actas.policy.workbench import Workbench
from forged_jwt_svids import AGENT, OWN, PARTNER, PATH, jwt_svids
from forged_x509_svids import x509_svids
from svid_exchanges import AS, beside, by_token, root
from trust_domain import keys
from trust_domain.certificates import BOTH_WAYS, LEAF_USAGE

pytestmark = pytest.mark.asyncio(loop_scope="module")
LEAST_TOKENS, LEAST_CERTIFICATES = 200, 120


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    """Give a workbench that has the bundles of both trust domains."""
    async with Workbench.open([root(tmp_path_factory.mktemp("forged") / "policies", [OWN, PARTNER])]) as workbench:
        yield workbench


async def test_no_forged_jwt_svid_is_accepted(bench: Workbench) -> None:
    """As the actor's token and beside one that the caller vouches for."""
    forged = list(jwt_svids())
    assert len({text for _, text in forged}) >= LEAST_TOKENS
    for what, text in forged:
        for request in (by_token(text), beside(jwt=text)) if text else ():
            assert (await bench.decide(request)).effect is Effect.DENY, what


async def test_no_forged_x509_svid_is_accepted(bench: Workbench) -> None:
    """The caller says that it saw the key at work; that does not make the certificate a right one."""
    forged = list(x509_svids())
    assert len({chain for _, chain in forged}) >= LEAST_CERTIFICATES
    for what, chain in forged:
        if chain:
            assert (await bench.decide(beside(x509=chain))).effect is Effect.DENY, what


async def test_every_right_jwt_svid_is_accepted(bench: Workbench) -> None:
    """What the specification leaves open may be either way."""
    headers: tuple[dict[str, Any], ...] = ({"typ": None}, {"typ": "JOSE"}, {"typ": "JWT"}, {"kid": None})
    claims: tuple[dict[str, Any], ...] = (
        {"aud": AS}, {"iat": None}, {"nbf": 0}, {"jti": "x"}, {"iss": "https://oidc.example.org"},
        {"exp": 4_000_000_000.5},
    )  # fmt: skip
    tokens = [OWN.jwt_svid(PATH, AS)]
    tokens += [OWN.jwt_svid(PATH, AS, header=header) for header in headers]
    tokens += [OWN.jwt_svid(PATH, AS, claims=change) for change in claims]
    for text in tokens:
        for request in (by_token(text), by_token(text, ""), beside(jwt=text)):
            decision = await bench.decide(request)
            assert decision.effect is Effect.ALLOW, (text, decision.denials)


async def test_every_right_x509_svid_is_accepted(bench: Workbench) -> None:
    """Of each kind of key, through up to two intermediates, with and without what the specification leaves open."""
    one = OWN.intermediate()
    names = (UniformResourceIdentifier(AGENT), DNSName("mail.example.org"))
    forms: tuple[dict[str, Any], ...] = (
        {}, {"issuer": one}, {"issuer": OWN.intermediate("lower", above=one)}, {"issuer": OWN.intermediate(names=())},
        {"names": names}, {"extended": None}, {"usage": LEAF_USAGE | {"key_encipherment", "key_agreement"}},
        {"issuer": OWN.intermediate(path_length=0)}, {"issuer": OWN.intermediate(extended=BOTH_WAYS)},
        *({"key": keys.ec_key("agent", curve)} for curve in ("P-256", "P-384", "P-521")),
        {"key": keys.rsa_key("agent")},
    )  # fmt: skip
    for form in forms:
        decision = await bench.decide(beside(x509=OWN.x509_svid(PATH, **form).chain))
        assert decision.effect is Effect.ALLOW, (form, decision.denials)
