"""What replicas allow is counted together, within fractions of a second, and over their restarts."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from actas.errors import EngineError
from actas.rates import RateKey
from actas.rates.store import FRESH_SECONDS, TALK_SECONDS, StoreRates
from memory_support import STORES, store_of, threads

PATIENCE_SECONDS = 20


@pytest.fixture(scope="module", params=STORES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store of each kind."""
    with store_of(request.param, tmp_path_factory.mktemp("store")) as url:
        yield url


@asynccontextmanager
async def replicas(url: str, count: int = 2) -> AsyncIterator[list[StoreRates]]:
    """Give replicas that talk."""
    async with threads(url, count) as all_of_them, AsyncExitStack() as stack:
        found = [StoreRates(thread) for thread in all_of_them]
        for rates in found:
            await stack.enter_async_context(rates.talking())
        yield found


def key(name: str, seconds: int = 3600) -> RateKey:
    """Give something that is counted, so long that nothing gets old in a test."""
    return RateKey("agent", "", name, seconds)


async def allow(rates: StoreRates, counted: RateKey, most: int = 1_000_000) -> bool:
    """Allow one exchange if fewer than *most* are counted."""
    now = time.time()
    passes = (await rates.take([counted], now))[counted] < most
    rates.give_back([counted], [counted] if passes else [], now)
    return passes


async def count(rates: StoreRates, counted: RateKey) -> int:
    """Give what is counted."""
    return (await rates.look([counted], time.time()))[counted]


async def counts_to(rates: StoreRates, counted: RateKey, wanted: int) -> None:
    """Wait until *wanted* are counted."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await count(rates, counted) != wanted:
            await asyncio.sleep(TALK_SECONDS / 4)


async def test_what_one_replica_allows_counts_in_the_other(url: str) -> None:
    """Each hears of the other, while it is asked again and again."""
    shared = key("shared")
    async with replicas(url) as (first, second):
        for _ in range(3):
            assert await allow(first, shared)
        assert await allow(second, shared)
        await counts_to(first, shared, 4)
        await counts_to(second, shared, 4)
        assert await count(second, key("another")) == 0


async def test_a_restart_forgets_nothing(url: str) -> None:
    """The last word is said when a process stops, and read before the first decision."""
    lasting = key("lasting")
    async with replicas(url, 1) as (first,):
        for _ in range(5):
            assert await allow(first, lasting)
    async with replicas(url, 1) as (second,):
        assert not await allow(second, lasting, most=5)


async def test_two_replicas_under_load_allow_little_more_than_the_limit(url: str) -> None:
    """By what the others allow within the time in which one hears of them; and never less than the limit."""
    limited, most, pace = key("limited"), 60, 0.01
    allowed = [0, 0]

    async def ask(rates: StoreRates, number: int) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while await allow(rates, limited, most) and time.monotonic() < end:
            allowed[number] += 1
            await asyncio.sleep(pace)

    async with replicas(url) as both:
        # Both have heard of it before, so neither waits for the store.
        await asyncio.gather(*(count(rates, limited) for rates in both))
        await asyncio.gather(*(ask(rates, number) for number, rates in enumerate(both)))
        assert not await allow(both[0], limited, most)
        assert not await allow(both[1], limited, most)
    # What is heard may be as old as FRESH_SECONDS at the worst, and then it is asked for again.
    assert most <= sum(allowed) <= most + 2 * FRESH_SECONDS / pace
    assert max(allowed) <= most


async def test_what_counts_no_more_is_neither_counted_nor_kept(tmp_path: Path) -> None:
    """A second is over soon."""
    short = key("short", seconds=1)
    with store_of("sqlite", tmp_path) as url:
        async with replicas(url) as (first, second):
            assert await allow(first, short)
            await counts_to(second, short, 0)
            assert await allow(second, short, most=1)
        # Both have said their last word.
        assert _rows(tmp_path) > 0
        async with replicas(url, 1) as (third,):
            await third.sweep(time.time() + 3600)
        assert _rows(tmp_path) == 0


def _rows(folder: Path) -> int:
    with sqlite3.connect(folder / "store.db") as file:
        return int(file.execute("SELECT COUNT(*) FROM rates").fetchone()[0])


async def _ask_on(rates: StoreRates, counted: RateKey) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await allow(rates, counted)
            await asyncio.sleep(0.05)


async def test_without_the_store_nobody_knows(tmp_path: Path) -> None:
    """What was heard a second ago still counts; afterwards nothing is decided until the store is back."""
    with store_of("sqlite", tmp_path) as url:
        async with replicas(url, 1) as (only,):
            known = key("known")
            assert await allow(only, known)
            with sqlite3.connect(tmp_path / "store.db") as file:
                file.execute("ALTER TABLE rates RENAME TO gone")
            for counted in (key("unknown"), known):
                with pytest.raises(EngineError) as refused:
                    await _ask_on(only, counted)
                assert refused.value.reason == "RATES_UNKNOWN"
            with sqlite3.connect(tmp_path / "store.db") as file:
                file.execute("ALTER TABLE gone RENAME TO rates")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        assert await count(only, known) >= 1
                    except EngineError:
                        await asyncio.sleep(0.1)
                    else:
                        break
