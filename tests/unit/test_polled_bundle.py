"""When a bundle is looked at again, what is kept when that fails, and when it counts for nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.polled import Ages, PolledBundle, UnusableBundleError
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem

AGES = Ages(refresh=300.0, refetch=5.0, max_stale=3600.0)


class Source:
    """What a bundle is loaded from; `bundle` is None while that fails."""

    def __init__(self, bundle: TrustBundle | None = None) -> None:
        self.bundle = bundle
        self.loads = 0
        self.now = 1000.0
        self.told: list[str] = []
        self.held: asyncio.Event | None = None

    async def load(self) -> TrustBundle:
        """Give the bundle, as soon as nothing holds it."""
        self.loads += 1
        if self.held is not None:
            await self.held.wait()
        if self.bundle is None:
            raise UnusableBundleError("gone", "unreachable")
        return self.bundle

    def kept(self, ages: Ages = AGES) -> PolledBundle:
        """Keep it by this source's clock."""
        return PolledBundle(self.load, ages, lambda error: self.told.append(str(error or "ok")), lambda: self.now)


def bundle(sequence: int | None = 1, hint: int | None = None) -> TrustBundle:
    """Give a bundle that is no other."""
    return TrustBundle("example.org", (), {}, sequence, hint)


def soon(seconds: float = 5.0) -> float:
    """Give a deadline."""
    return time.monotonic() + seconds


async def problem_of(asked: Callable[[float], Awaitable[TrustBundle]]) -> Problem:
    """Say why nothing is given."""
    with pytest.raises(SvidError) as raised:
        await asked(soon())
    return raised.value.problem


async def settled(source: Source, loads: int) -> None:
    """Wait until so many looks were taken, and are over."""
    while source.loads < loads or len(source.told) < loads:
        await asyncio.sleep(0)


async def test_it_is_loaded_when_somebody_asks_and_then_kept() -> None:
    """One look answers everybody who waits, and whoever comes while it is fresh."""
    source = Source(bundle())
    kept = source.kept()
    assert source.loads == 0
    given = await asyncio.gather(*(kept.get(soon()) for _ in range(20)))
    source.now += 299
    assert {id(one) for one in (*given, await kept.get(soon()))} == {id(source.bundle)}
    assert source.loads == 1


@pytest.mark.parametrize(("hint", "after"), [(None, 300), (10, 10), (0, 1), (900, 900), (86_400, 1800)])
async def test_it_is_looked_at_again_when_it_says_so_itself(hint: int | None, after: int) -> None:
    """By its refresh hint, else by the configuration; not all the time, and long before it is stale."""
    source = Source(bundle(hint=hint))
    kept = source.kept()
    await kept.get(soon())
    source.now += after
    await kept.get(soon())
    assert source.loads == 1
    source.bundle, source.now = bundle(2, hint), source.now + 0.5
    await kept.get(soon())
    await settled(source, 2)
    assert await kept.get(soon()) is source.bundle


async def test_whoever_comes_after_a_long_silence_waits_for_a_look() -> None:
    """Nobody looked meanwhile, and a key may have been taken back."""
    source = Source(bundle(1))
    kept = source.kept()
    await kept.get(soon())
    source.bundle, source.now = bundle(2), source.now + 601
    assert await kept.get(soon()) is source.bundle


async def test_what_cannot_be_had_again_is_kept_until_it_is_stale() -> None:
    """FED-04: then it counts for nothing, until it can be had."""
    source = Source(bundle())
    kept = source.kept()
    first = await kept.get(soon())
    source.bundle = None
    source.now += 3599
    assert await kept.get(soon()) is first
    source.now += 2
    assert await problem_of(kept.get) is Problem.BUNDLE_STALE
    source.bundle, source.now = bundle(), source.now + 6
    assert await kept.get(soon()) is source.bundle


async def test_a_sequence_never_goes_back() -> None:
    """An older bundle is not taken, and does not keep the newer one fresh."""
    source = Source(bundle(7))
    kept = source.kept()
    first = await kept.get(soon())
    for older in (bundle(6), bundle(None)):
        source.bundle, source.now = older, source.now + 601
        await kept.get(soon())
        await settled(source, source.loads)
        assert await kept.get(soon()) is first
    assert source.told[-1] == "its spiffe_sequence is lower than before"
    source.now += 3600
    assert await problem_of(kept.get) is Problem.BUNDLE_STALE


async def test_what_was_never_had_is_not_asked_for_all_the_time() -> None:
    """A source that is down is asked again after a pause, however many decisions need it."""
    source = Source(None)
    kept = source.kept()
    for _ in range(20):
        assert await problem_of(kept.get) is Problem.BUNDLE_UNAVAILABLE
    assert source.loads == 1
    source.bundle, source.now = bundle(), source.now + 5
    assert await kept.get(soon()) is source.bundle


async def test_a_source_that_hangs_costs_no_more_than_the_decision_has() -> None:
    """Its answer is taken when it comes."""
    source = Source(bundle())
    source.held = asyncio.Event()
    kept = source.kept()
    began = time.monotonic()
    with pytest.raises(SvidError):
        await kept.get(soon(0.2))
    assert time.monotonic() - began < 2
    source.held.set()
    assert await kept.get(soon()) is source.bundle
    assert source.loads == 1


async def test_a_key_that_is_not_known_is_looked_for_once_in_a_while() -> None:
    """A new key is found at once; forged tokens cannot make the service ask without end."""
    source = Source(bundle(1))
    kept = source.kept()
    first = await kept.get(soon())
    source.bundle = bundle(2)
    assert await kept.newer(first, soon()) is first
    source.now += 5
    assert await kept.newer(first, soon()) is source.bundle
    assert source.loads == 2
    for _ in range(20):
        await kept.newer(source.bundle, soon())
    assert source.loads == 2
    await kept.close()
