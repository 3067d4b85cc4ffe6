"""The used approvals that all workers of one service know of."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import shutil
from pathlib import Path

import pytest

from actas.errors import EngineError
from actas.evidence.single_use_files import SWEEP_AFTER_SECONDS, FileSingleUse, prepare, sweep
from actas.evidence.ticket import Ticket

ISSUER = "https://approvals.example.com"
TICKET = Ticket(ISSUER, "a", 100)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory as a supervisor makes it."""
    return prepare(tmp_path / "approvals")


async def use(store: FileSingleUse, *tickets: Ticket) -> frozenset[Ticket]:
    """Hold and consume *tickets*, and give those that were had."""
    async with store.hold(tickets, 50.0) as held:
        await held.consume(tickets)
        return held.tickets


async def test_what_one_process_uses_is_used_for_every_other(directory: Path) -> None:
    """Two stores over one directory are two workers; the name of an issuer is part of what is used."""
    first, second = FileSingleUse(directory), FileSingleUse(directory)
    assert await use(first, TICKET) == {TICKET}
    assert await use(second, TICKET) == frozenset()
    assert await second.free({TICKET}, 50.0) == frozenset()
    assert await use(second, Ticket("https://other.example.com", "a", 100))


async def test_what_is_held_elsewhere_is_not_free_and_what_was_not_consumed_is_free_again(directory: Path) -> None:
    """Presenting is not using."""
    first, second = FileSingleUse(directory), FileSingleUse(directory)
    async with first.hold({TICKET}, 50.0) as held:
        assert held.tickets == {TICKET}
        assert await second.free({TICKET}, 50.0) == frozenset()
        async with second.hold({TICKET}, 50.0) as other:
            assert other.tickets == frozenset()
            await other.consume({TICKET})
    assert await second.free({TICKET}, 50.0) == {TICKET}


def _hold_for_ever(directory: Path) -> None:
    async def hold() -> None:
        async with FileSingleUse(directory).hold({TICKET}, 50.0):
            (directory.parent / "held").touch()
            await asyncio.sleep(60)

    asyncio.run(hold())


async def test_what_a_process_held_when_it_died_counts_for_nothing(directory: Path) -> None:
    """Nobody knows whether its decision left."""
    holder = multiprocessing.get_context("spawn").Process(target=_hold_for_ever, args=(directory,))
    holder.start()
    async with asyncio.timeout(30):
        while not (directory.parent / "held").exists():
            await asyncio.sleep(0.02)
    holder.kill()
    holder.join()
    assert await FileSingleUse(directory).free({TICKET}, 50.0) == frozenset()


async def test_a_use_is_swept_when_nobody_could_use_it_any_more(directory: Path) -> None:
    """Not before, and a clock that is set back brings nothing back."""
    store, lasting = FileSingleUse(directory), Ticket(ISSUER, "b", 10_000)
    await use(store, TICKET, lasting)
    sweep(directory, TICKET.until + SWEEP_AFTER_SECONDS)
    assert len(list(directory.iterdir())) == 3
    sweep(directory, TICKET.until + SWEEP_AFTER_SECONDS + 1)
    assert len(list(directory.iterdir())) == 2
    assert await use(store, TICKET) == frozenset()
    assert await use(store, lasting) == frozenset()
    assert await use(store, Ticket(ISSUER, "c", 101))


async def test_an_id_that_was_signed_with_two_ends_is_used_until_the_later_one(directory: Path) -> None:
    """Both are the same approval."""
    store, later = FileSingleUse(directory), Ticket(ISSUER, "a", 1000)
    assert await use(store, TICKET, later) == {TICKET, later}
    sweep(directory, 500 + SWEEP_AFTER_SECONDS)
    assert await use(store, later) == frozenset()


async def test_without_its_directory_nothing_is_known(directory: Path) -> None:
    """Neither that an approval is free, nor that its use is remembered."""
    store = FileSingleUse(directory)
    async with store.hold({TICKET}, 50.0) as held:
        shutil.rmtree(directory)
        with pytest.raises(EngineError, match="remembered"):
            await held.consume({TICKET})
    with pytest.raises(EngineError, match="remembered"):
        await store.free({TICKET}, 50.0)
    with pytest.raises(EngineError, match="remembered"):
        await use(store, TICKET)


def _on_a_full_disk(directory: Path) -> None:
    # Python ignores SIGXFSZ, so a write fails as it does on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        asyncio.run(use(FileSingleUse(directory), TICKET))
    except EngineError:
        raise SystemExit(7) from None


async def test_what_cannot_be_written_is_not_held(directory: Path) -> None:
    """On a full disk there is no decision with an approval; it can be used when there is room again."""
    process = multiprocessing.get_context("spawn").Process(target=_on_a_full_disk, args=(directory,))
    process.start()
    await asyncio.to_thread(process.join, 30)
    assert process.exitcode == 7
    assert await FileSingleUse(directory).free({TICKET}, 50.0) == {TICKET}
