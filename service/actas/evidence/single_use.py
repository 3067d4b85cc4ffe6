"""Which approvals and one-time tokens were used, remembered in the memory of this service."""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

from actas.evidence.ticket import Ticket


class MemorySingleUse:
    """Tickets that were used or are held. A restart forgets them, so what is older then counts for nothing."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._held: set[str] = set()
        self._ends: list[tuple[int, str]] = []
        self._forgotten = 0

    async def free(self, tickets: Collection[Ticket], now: float) -> frozenset[Ticket]:
        """Give those of *tickets* that nobody has used or holds, and leave them so."""
        self._forget(now)
        return frozenset(ticket for ticket in tickets if self._is_free(ticket))

    @asynccontextmanager
    async def hold(self, tickets: Collection[Ticket], now: float) -> AsyncIterator[_Held]:
        """Keep everybody else from the free ones of *tickets*; what is not consumed by the end is free again."""
        # Nothing is awaited between the look and the taking, so two decisions cannot both get one.
        mine = await self.free(tickets, now)
        names = {ticket.name for ticket in mine}
        self._held |= names
        try:
            yield _Held(self, mine)
        finally:
            self._held -= names

    def consume(self, tickets: Iterable[Ticket]) -> None:
        """Remember that *tickets* were used, until they end."""
        for ticket in tickets:
            name = ticket.name
            # An id that was signed with two ends is remembered until the later one.
            if ticket.until > self._used.get(name, 0):
                self._used[name] = ticket.until
                heapq.heappush(self._ends, (ticket.until, name))

    def _is_free(self, ticket: Ticket) -> bool:
        name = ticket.name
        # What ends no later than something forgotten may be it: a clock that was set back brings nothing back.
        return ticket.until > self._forgotten and name not in self._used and name not in self._held

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] < now:
            until, name = heapq.heappop(self._ends)
            self._forgotten = max(self._forgotten, until)
            if self._used.get(name) == until:
                del self._used[name]


class _Held:
    """What one decision holds."""

    def __init__(self, store: MemorySingleUse, tickets: frozenset[Ticket]) -> None:
        self._store = store
        self.tickets = tickets

    async def consume(self, tickets: Collection[Ticket]) -> None:
        """Use *tickets* up for good."""
        self._store.consume(self.tickets.intersection(tickets))
