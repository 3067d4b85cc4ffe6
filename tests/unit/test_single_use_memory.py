"""The memory of used approvals: what it keeps, until when, and for whom."""

from __future__ import annotations

import asyncio

import pytest

from actas.evidence.single_use import MemorySingleUse
from actas.evidence.ticket import Ticket

ISSUER = "https://approvals.example.com"


def test_a_use_is_forgotten_when_nobody_could_use_it_any_more() -> None:
    """The memory is bounded by what is still valid."""
    store, ticket = MemorySingleUse(), Ticket(ISSUER, "a", 100)

    async def use() -> tuple[bool, bool]:
        async with store.hold({ticket}, 50.0) as held:
            await held.consume({ticket})
        before = bool(await store.free({ticket}, 100.0))
        return before, bool(await store.free({Ticket(ISSUER, "b", 101)}, 100.5))

    assert asyncio.run(use()) == (False, True)
    assert not store._ends
    assert not store._used


def test_a_clock_that_was_set_back_brings_no_use_back() -> None:
    """What was forgotten at a later time stays used at an earlier one; only what ends after it is free."""
    store, ticket = MemorySingleUse(), Ticket(ISSUER, "a", 100)

    async def use() -> tuple[bool, bool]:
        async with store.hold({ticket}, 50.0) as held:
            await held.consume({ticket})
        await store.free(set(), 500.0)
        return bool(await store.free({ticket}, 60.0)), bool(await store.free({Ticket(ISSUER, "b", 101)}, 60.0))

    assert asyncio.run(use()) == (False, True)


@pytest.mark.parametrize("order", [(100, 1000), (1000, 100)])
def test_an_id_that_was_signed_with_two_ends_is_used_until_the_later_one(order: tuple[int, int]) -> None:
    """Both are the same approval, in whatever order they are used up."""
    store = MemorySingleUse()
    tickets = [Ticket(ISSUER, "a", until) for until in order]

    async def use() -> tuple[bool, bool]:
        async with store.hold(tickets, 50.0):
            store.consume(tickets)
        return bool(await store.free(tickets, 200.0)), bool(await store.free(tickets, 1001.0))

    assert asyncio.run(use()) == (False, False)
    assert not store._used


def test_nobody_uses_up_what_another_holds() -> None:
    """Only a holder consumes."""
    store, ticket = MemorySingleUse(), Ticket(ISSUER, "a", 100)

    async def steal() -> bool:
        async with store.hold({ticket}, 0.0), store.hold({ticket}, 0.0) as second:
            assert second.tickets == frozenset()
            await second.consume({ticket})
        return bool(await store.free({ticket}, 0.0))

    assert asyncio.run(steal())
