"""A whole service that verifies SVIDs: with a bundle endpoint and with a Workload API, in one process or in several."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from actas.client import AsyncDecisionClient
from actas.decision import Decision, Effect
from actas.request import ExchangeRequest
from issuer_host import issuer_host
from service_support import RunningService, service
from svid_exchanges import AS, beside, by_token, codes, registry, root
from trust_domain.authority import TrustDomain
from trust_domain.workload_api import WorkloadApi

PATH, LONG = "/agent/mail", 40.0
API = {"example.org": {"workload_api": True}, "partner.test": {"workload_api": True}}


@asynccontextmanager
async def asking(
    folder: Path, bundles: dict[str, Any], trust: dict[str, Any], **settings: Any
) -> AsyncIterator[tuple[RunningService, AsyncDecisionClient]]:
    """Run a service whose registry has *bundles*, with a client that waits long enough on a busy machine."""
    policies = root(folder / "policies", entries=registry(bundles))
    given = {"policies": policies, "trust": json.dumps(trust), "default_timeout": 5, **settings}
    async with service(folder, given) as running:
        async with AsyncDecisionClient(running.address, timeout=5.0) as client:
            yield running, client


async def until(
    client: AsyncDecisionClient, ask: Callable[[], ExchangeRequest], holds: Callable[[Decision], bool]
) -> Decision:
    """Ask until the decision is as it should be."""
    end = time.monotonic() + LONG
    while not holds(decision := await client.decide(ask())):
        assert time.monotonic() < end, decision
        await asyncio.sleep(0.1)
    return decision


def allowed(decision: Decision) -> bool:
    """Whether it is an allow."""
    return decision.effect is Effect.ALLOW


async def test_a_bundle_endpoint_that_is_lost_and_found(tmp_path: Path) -> None:
    """FED-04: without news its bundle is used until it is stale, then nothing of that trust domain is accepted."""
    domain = TrustDomain("example.org")
    domain.refresh_hint = 1
    with issuer_host(tmp_path / "host", domain.bundle()) as host:
        trust = host.trust(refetch=0.5, refresh=1.0, max_stale=4.0)
        async with asking(tmp_path, {"example.org": {"url": host.url()}}, trust) as (running, client):
            ask = lambda: by_token(domain.jwt_svid(PATH, AS))  # noqa: E731 - one request after the other
            assert allowed(await client.decide(ask()))
            recorded = await running.event("decision")
            assert recorded["evidence"]["actor_token"] == "verified"
            assert allowed(await client.decide(beside(jwt=domain.jwt_svid(PATH, AS))))
            recorded = await running.event("decision", count=2)
            assert (recorded["evidence"]["actor_token"], recorded["evidence"]["actor_workload"]) == ("verified",) * 2
            domain.rotate()
            host.keys = domain.bundle()
            await until(client, ask, allowed)
            host.mode = "down"
            stale = await until(client, ask, lambda decision: not allowed(decision))
            assert "BUNDLE_STALE" in codes(stale)
            assert stale.error == "invalid_request"
            host.mode = "ok"
            await until(client, ask, allowed)


async def test_several_workers_follow_a_workload_api(tmp_path: Path) -> None:
    """Each worker hears of a rotation, and none needs the agent for what it has heard."""
    own, partner = TrustDomain("example.org"), TrustDomain("partner.test")
    with WorkloadApi(tmp_path / "agent.sock", own, "/actas", (partner,)) as api:
        async with asking(tmp_path, API, {"workload_api": api.address}, workers=2) as (_, client):
            tokens = [lambda: by_token(own.jwt_svid(PATH, AS)), lambda: beside(x509=own.x509_svid(PATH).chain)]
            for ask in tokens:
                await until(client, ask, allowed)
            api.rotate()
            for ask in tokens:
                for _ in range(4):
                    await until(client, ask, allowed)
            api.stop()
            for ask in tokens:
                answers = await asyncio.gather(*(client.decide(ask()) for _ in range(8)))
                assert all(map(allowed, answers))
            retired = TrustDomain("example.org", seed="a forger's").jwt_svid(PATH, AS)
            assert "BUNDLE_MISMATCH" in codes(await client.decide(by_token(retired)))
