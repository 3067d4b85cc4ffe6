"""Bundles from a Workload API over its real protocol: pushed changes, refusals, an agent that dies and returns."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actas.evidence.anchors import TrustAnchors
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.evidence.svid.workload_api import WorkloadApiBundles
from actas.proof import Problem
from trust_domain import workload_api
from trust_domain.authority import TrustDomain
from trust_domain.workload_api import WorkloadApi

LONG = 30.0


class Agent:
    """A Workload API with two trust domains, and what follows it."""

    def __init__(self, folder: Path, clock: Callable[[], float], **ages: float) -> None:
        self.own, self.federated = TrustDomain("example.org"), TrustDomain("partner.test")
        self.api = WorkloadApi(folder / "agent.sock", self.own, "/actas", (self.federated,))
        self.told: list[str] = []
        anchors = TrustAnchors(workload_api=self.api.address, **{"timeout": 1.0, "refresh": 60.0, **ages})
        self.bundles = WorkloadApiBundles(anchors, self.told.append, clock)

    async def get(self, name: str = "example.org") -> TrustBundle:
        """Give the bundle as a decision gets it."""
        return await self.bundles.get(name, time.monotonic() + LONG)

    async def problem(self, name: str = "example.org") -> Problem | None:
        """Say why there is no bundle."""
        try:
            await self.get(name)
        except SvidError as error:
            return error.problem
        return None

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait until *holds*."""
        end = time.monotonic() + LONG
        while not await holds():
            assert time.monotonic() < end, "it does not come about"
            await asyncio.sleep(0.01)

    async def has(self, roots: int) -> bool:
        """Whether the bundle of the own trust domain is to be had, and has so many roots."""
        return await self.problem() is None and len((await self.get()).roots) == roots

    async def has_none(self, name: str = "example.org") -> bool:
        """Whether there is no bundle of *name*."""
        return await self.problem(name) is not None

    async def was_asked(self, times: int) -> bool:
        """Whether the bundles were asked for so many times."""
        return self.api.calls["FetchJWTBundles"] >= times

    async def has_told(self) -> bool:
        """Whether it was told that something is wrong."""
        return bool(self.told)


@asynccontextmanager
async def following(
    folder: Path, *, clock: Callable[[], float] = time.monotonic, up: bool = True, **ages: float
) -> AsyncIterator[Agent]:
    """Run an agent, unless it is not to be *up*, and follow it."""
    agent = Agent(folder, clock, **ages)
    try:
        if up:
            agent.api.start()
        yield agent
    finally:
        await asyncio.to_thread(agent.bundles.close)
        agent.api.stop()


async def test_each_trust_domain_has_its_own_bundle(tmp_path: Path) -> None:
    """What the Workload API gives under one name is never another's; whoever is not there is not known."""
    async with following(tmp_path) as agent:
        own, federated = await agent.get(), await agent.get("partner.test")
        assert own.roots == (agent.own.roots[0].certificate,)
        assert federated.roots == (agent.federated.roots[0].certificate,)
        assert set(own.jwt_keys) == {"example.org-1"}
        assert set(federated.jwt_keys) == {"partner.test-1"}
        assert await agent.problem("stranger.test") is Problem.BUNDLE_UNAVAILABLE


async def test_a_rotation_is_told_at_once(tmp_path: Path) -> None:
    """Nothing is asked for again in the meantime; the hint of a minute is not waited for."""
    async with following(tmp_path) as agent:
        await agent.get()
        agent.api.rotate()
        await agent.until(lambda: agent.has(roots=2))
        assert set((await agent.get()).jwt_keys) == {"example.org-1", "example.org-2"}


async def test_what_is_taken_back_is_used_no_more(tmp_path: Path) -> None:
    """A trust domain that is left out is not known any more; whoever is refused has nothing at all."""
    async with following(tmp_path) as agent:
        await agent.get("partner.test")
        agent.api.change(lambda: setattr(agent.api, "_federated", ()))
        await agent.until(lambda: agent.has_none("partner.test"))
        assert await agent.problem() is None
        agent.api.change(lambda: setattr(agent.api, "entitled", False))
        await agent.until(agent.has_none)
        assert await agent.problem() is Problem.BUNDLE_UNAVAILABLE
        agent.api.change(lambda: setattr(agent.api, "entitled", True))
        await agent.until(lambda: agent.has(roots=1))


@pytest.mark.parametrize("weak", [[], [{"kty": "RSA", "kid": "w", "n": "-w", "e": "AQAB"}]], ids=["none", "no key"])
async def test_the_bundle_of_a_partner_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weak: list[dict[str, str]]
) -> None:
    """It chooses what it publishes: no certificate, a key that is none. What the own one tells counts at once."""
    written = workload_api.jwk_set
    told = lambda one: json.dumps({"keys": weak}).encode() if one.name == "partner.test" else written(one)  # noqa: E731 - see above
    async with following(tmp_path) as agent:
        assert await agent.problem("partner.test") is None
        monkeypatch.setattr(workload_api, "jwk_set", told)
        agent.api.change(agent.federated.roots.clear, agent.own.rotate)
        await agent.until(lambda: agent.has(roots=2))
        partner = await agent.get("partner.test")
        assert not partner.usable
        assert not agent.told


async def test_a_refusal_counts_when_it_lasts(tmp_path: Path) -> None:
    """While SPIRE's agent has an SVID signed anew it refuses; what was heard before counts for two seconds more."""
    skipped = [0.0]
    async with following(tmp_path, clock=lambda: skipped[0]) as agent:
        before = await agent.get()
        looks = agent.api.calls["FetchJWTBundles"]
        agent.api.change(lambda: setattr(agent.api, "entitled", False))
        await agent.until(lambda: agent.was_asked(looks + 2))
        assert await agent.get() is before
        assert not agent.told
        skipped[0] = 3.0
        await agent.until(agent.has_none)


async def test_an_agent_that_dies_is_missed_only_when_its_bundles_are_stale(tmp_path: Path) -> None:
    """Its last word counts for as long as the configuration says, and its return is noticed."""
    skipped = [0.0]
    async with following(tmp_path, clock=lambda: time.monotonic() + skipped[0], max_stale=600.0) as agent:
        before = await agent.get()
        agent.api.stop()
        await agent.until(agent.has_told)
        assert await agent.get() is before
        skipped[0] = 601.0
        assert await agent.problem() is Problem.BUNDLE_STALE
        agent.own.rotate()
        agent.api.start()
        await agent.until(lambda: agent.has(roots=2))
        assert len(agent.told) == 1, "one sentence for one outage"


async def test_an_agent_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    """Before its first word there is no bundle; nothing else is made of that."""
    async with following(tmp_path, up=False) as agent:
        assert await agent.problem() is Problem.BUNDLE_UNAVAILABLE
        agent.api.start()
        await agent.until(lambda: agent.has(roots=1))


async def test_an_agent_that_hangs_does_not_keep_its_bundles_fresh(tmp_path: Path) -> None:
    """An open connection is no news: what is not confirmed grows old."""
    skipped = [0.0]
    clock = lambda: time.monotonic() + skipped[0]  # noqa: E731 - the test's own clock
    async with following(tmp_path, clock=clock, refresh=5.0, refetch=1.0, max_stale=600.0) as agent:
        before = await agent.get()
        agent.api.silent = True
        skipped[0] = 2.0
        began = time.monotonic()
        assert await agent.bundles.newer("example.org", before, time.monotonic() + LONG) is before
        assert time.monotonic() - began < LONG / 2
        skipped[0] = 601.0
        assert await agent.problem() is Problem.BUNDLE_STALE
        agent.api.silent = False
        await agent.until(lambda: agent.has(roots=1))


async def test_the_event_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    """The library's calls block a thread of their own: not one step of a loop waits for an agent that hangs."""
    async with following(tmp_path) as agent:
        agent.api.silent = True
        longest, last = 0.0, time.monotonic()
        asking = asyncio.create_task(agent.problem())
        while not asking.done():
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert await asking is Problem.BUNDLE_UNAVAILABLE
        assert longest < 0.5


async def test_an_unknown_key_is_asked_for_again(tmp_path: Path) -> None:
    """Also where nothing was told: but not more often than the configuration says."""
    async with following(tmp_path, refetch=1.0) as agent:
        before = await agent.get()
        looks = agent.api.calls["FetchJWTBundles"]
        agent.own.rotate()
        after = await agent.bundles.newer("example.org", before, time.monotonic() + LONG)
        assert len(after.roots) == 2
        for _ in range(10):
            await agent.bundles.newer("example.org", after, time.monotonic() + LONG)
        # One for the look, and one for each stream that was opened meanwhile.
        assert agent.api.calls["FetchJWTBundles"] - looks <= 3


@pytest.mark.parametrize("address", ["unix:///nowhere/agent.sock", "unix:relative.sock"])
async def test_a_socket_that_is_not_there_is_no_bundle(address: str) -> None:
    """It is told once, in a sentence."""
    told: list[str] = []
    bundles = WorkloadApiBundles(TrustAnchors(workload_api=address), told.append)
    with pytest.raises(SvidError):
        await bundles.get("example.org", time.monotonic() + LONG)
    await asyncio.to_thread(bundles.close)
    assert len(told) == 1
