"""What may be used once is used once by all replicas of one store, and over their restarts."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from actas.errors import EngineError
from actas.evidence.single_use_store import SWEEP_AFTER_SECONDS, StoreSingleUse, remembered_since
from actas.evidence.ticket import Ticket
from actas.store import Database
from memory_support import STORES, store_of, threads

ISSUER = "https://approvals.example.com"
NOW = 1_800_000_000.0
END = int(NOW) + 300


@pytest.fixture(scope="module", params=STORES)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store of each kind."""
    with store_of(request.param, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest_asyncio.fixture
async def replicas(url: str) -> AsyncIterator[list[StoreSingleUse]]:
    """Two replicas."""
    async with threads(url) as both:
        yield [StoreSingleUse(thread) for thread in both]


def ticket(name: str, until: int = END, **members: str) -> Ticket:
    """Give a ticket."""
    return Ticket(ISSUER, name, until, **members)


async def use(store: StoreSingleUse, *tickets: Ticket) -> frozenset[Ticket]:
    """Hold and consume *tickets*, and give those that were had."""
    async with store.hold(tickets, NOW) as held:
        await held.consume(tickets)
        return held.tickets


async def test_what_one_replica_uses_is_used_for_every_other(replicas: list[StoreSingleUse]) -> None:
    """The issuer, and whether it is an approval or a token, are part of what is used."""
    first, second = replicas
    used = ticket("used")
    assert await use(first, used) == {used}
    assert await use(second, used) == frozenset()
    assert await use(first, used) == frozenset()
    assert await second.free({used}, NOW) == frozenset()
    for other in (Ticket("https://other.example.com", "used", END), ticket("used", kind="token")):
        assert await use(second, other) == {other}


async def test_what_is_held_elsewhere_is_not_free_and_what_was_not_consumed_is_free_again(
    replicas: list[StoreSingleUse],
) -> None:
    """Presenting is not using."""
    first, second = replicas
    mine, other = ticket("held"), ticket("also held")
    async with first.hold({mine, other}, NOW) as held:
        assert held.tickets == {mine, other}
        await held.consume({other})
        assert await second.free({mine}, NOW) == frozenset()
        async with second.hold({mine}, NOW) as nothing:
            assert nothing.tickets == frozenset()
            await nothing.consume({mine})
    assert await second.free({mine, other}, NOW) == {mine}
    assert await use(second, mine) == {mine}


async def test_of_many_at_once_over_two_replicas_one_gets_it(replicas: list[StoreSingleUse]) -> None:
    """Whatever the order in which they name several."""
    tickets = [ticket(f"contested-{number}") for number in range(6)]
    ways = [tickets, tickets[::-1], tickets[3:] + tickets[:3]]
    had = await asyncio.gather(*(use(replicas[n % 2], *ways[n % 3]) for n in range(40)))
    assert sorted(name for got in had for name in sorted(one.id for one in got)) == sorted(one.id for one in tickets)


async def test_who_gives_up_gives_it_back(replicas: list[StoreSingleUse]) -> None:
    """Also before it was known whether it got it."""
    first, second = replicas
    given_up = ticket("given up")
    for pause in (0.0, 0.001, 0.05):
        holding = asyncio.create_task(_hold(first, given_up))
        await asyncio.sleep(pause)
        holding.cancel()
        await asyncio.wait({holding})
        async with asyncio.timeout(10):
            while await second.free({given_up}, NOW) != {given_up}:
                await asyncio.sleep(0.01)
    assert await use(second, given_up) == {given_up}


async def _hold(store: StoreSingleUse, *tickets: Ticket, took: Any = None) -> None:
    async with store.hold(tickets, NOW):
        if took is not None:
            took.set()
        await asyncio.sleep(60)


def _hold_for_ever(url: str, name: str, took: Any) -> None:
    async def hold() -> None:
        async with threads(url, 1) as (thread,):
            await _hold(StoreSingleUse(thread), ticket(name), took=took)

    asyncio.run(hold())


async def test_what_a_process_held_when_it_was_killed_counts_for_nothing(
    url: str, replicas: list[StoreSingleUse]
) -> None:
    """Nobody knows whether its decision left."""
    spawned = multiprocessing.get_context("spawn")
    took = spawned.Event()
    holder = spawned.Process(target=_hold_for_ever, args=(url, "killed", took))
    holder.start()
    try:
        assert await asyncio.to_thread(took.wait, 60)
    finally:
        holder.kill()
        holder.join()
    assert await use(replicas[0], ticket("killed")) == frozenset()


async def test_a_use_outlives_every_process(url: str) -> None:
    """A restart forgets nothing, so what was given before it still counts."""
    lasting = ticket("lasting")
    for expected in ({lasting}, set()):
        async with threads(url, 1) as (thread,):
            assert await use(StoreSingleUse(thread), lasting) == expected


async def test_a_use_is_swept_when_nobody_could_use_it_any_more(replicas: list[StoreSingleUse]) -> None:
    """Not before, and a clock that is set back brings nothing back."""
    first, second = replicas
    early = 1_700_000_000
    over, lasting = ticket("over", until=early), ticket("not over")
    assert await use(first, over, lasting) == {over, lasting}
    assert await second.sweep(early + SWEEP_AFTER_SECONDS) == 0
    assert await second.sweep(early + SWEEP_AFTER_SECONDS + 1) == 1
    assert await use(first, over) == frozenset()
    assert await use(second, ticket("another", until=early)) == frozenset()
    assert await use(second, lasting) == frozenset()
    assert await second.free({over, lasting}, NOW) == frozenset()
    assert await use(second, ticket("later", until=early + 1)) != frozenset()


def test_a_new_store_knows_nothing_of_before(tmp_path: Path) -> None:
    """What was given before it was made may have been used without a word."""
    before = time.time()
    with store_of("sqlite", tmp_path) as fresh:
        database = Database.open(fresh, migrate=False)
        assert before <= remembered_since(database) <= time.time()
        database.close()


async def test_without_the_store_nobody_gets_anything(tmp_path: Path) -> None:
    """What cannot be remembered is not allowed; what is not known is not free."""
    with store_of("sqlite", tmp_path) as broken:
        async with threads(broken, 1) as (thread,):
            store = StoreSingleUse(thread)
            with sqlite3.connect(tmp_path / "store.db") as file:
                file.execute("ALTER TABLE single_use RENAME TO gone")
            for ask in (use(store, ticket("x")), store.free({ticket("x")}, NOW)):
                with pytest.raises(EngineError) as refused:
                    await ask
                assert refused.value.reason == "SINGLE_USE_UNKNOWN"


async def test_what_its_holder_leaves_at_that_moment_is_nobodys(tmp_path: Path) -> None:
    """Between being refused and looking who has it, the other may leave it; only this ticket is not had, no other."""
    gone, other = ticket("gone"), ticket("other")
    Database.open(f"sqlite:///{tmp_path}/store.db").close()
    async with threads(f"sqlite:///{tmp_path}/store.db") as (thread, _):
        # As another replica's transaction does that commits in between.
        with sqlite3.connect(tmp_path / "store.db") as connection:
            connection.execute(
                "CREATE TRIGGER leaves AFTER INSERT ON single_use "
                f"WHEN NEW.name = '{gone.name}' BEGIN DELETE FROM single_use WHERE name = NEW.name; END"
            )
        assert await use(StoreSingleUse(thread), gone, other) == {other}
