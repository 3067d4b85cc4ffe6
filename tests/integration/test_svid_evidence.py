"""SVIDs through the whole way of a decision: verified with the bundle of their own trust domain, and judged by policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from actas.policy.workbench import Workbench
from svid_exchanges import AS, PARTNER_AGENT, asserted, beside, by_token, codes, document, registry, root
from trust_domain.authority import TrustDomain

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN, PARTNER, STRANGER = (TrustDomain(name) for name in ("example.org", "partner.test", "stranger.test"))
PATH, SHARED = "/agent/mail", "/agent/shared/mail"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workbench]:
    """Give a workbench whose trust domains have bundle files."""
    async with Workbench.open([root(tmp_path_factory.mktemp("svid") / "policies", [OWN, PARTNER])]) as workbench:
        yield workbench


async def test_a_raw_jwt_svid_is_the_actor(bench: Workbench) -> None:
    """Its own trust domain's key signed it, so nobody has to vouch for it."""
    for kind in ("jwt_svid", ""):
        decision = await bench.decide(by_token(OWN.jwt_svid(PATH, AS), kind))
        assert codes(decision) == set()
        assert decision.act == {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/mail"}


async def test_a_jwt_svid_beside_the_token_proves_the_workload(bench: Workbench) -> None:
    assert codes(await bench.decide(beside(jwt=OWN.jwt_svid(PATH, AS)))) == set()
    assert codes(await bench.decide(beside("", jwt=OWN.jwt_svid(PATH, AS)))) == set()


async def test_an_x509_svid_beside_the_token_proves_the_workload(bench: Workbench) -> None:
    assert codes(await bench.decide(beside(x509=OWN.x509_svid(PATH).chain))) == set()
    assert codes(await bench.decide(beside(x509=OWN.x509_svid(PATH, issuer=OWN.intermediate()).chain))) == set()
