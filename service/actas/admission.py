"""Which of a request's signed approvals count for one decision, and that each counts for one decision only."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from actas.evidence import approvals
from actas.evidence.approvals import Circumstances, Ticket
from actas.ports import Held, RevisionData, SingleUse
from actas.request import ExchangeRequest

# What another decision used, or is about to use, was replaced by that use (contract.md, section 2).
_USED = "superseded"


@dataclass(frozen=True, slots=True)
class Admitted:
    """The request as policy is to see it."""

    request: ExchangeRequest
    _tickets: Mapping[int, Ticket]
    _held: Held | None = None

    async def use_up(self, positions: Iterable[int]) -> None:
        """Consume the signed approvals at *positions*: what is issued relies on them."""
        used = {self._tickets[position] for position in positions if position in self._tickets}
        if used and self._held is not None:
            await self._held.consume(used)


class Admission:
    """Admits signed approvals that are meant for *audience* and were given after *since* (seconds since the epoch)."""

    def __init__(self, single_use: SingleUse, audience: str, since: float) -> None:
        """Take where uses are remembered, and since when."""
        self._single_use = single_use
        self._audience = audience
        self._since = since

    @asynccontextmanager
    async def hold(self, request: ExchangeRequest, data: RevisionData, now: float) -> AsyncIterator[Admitted]:
        """Hold every signed approval of *request* for the time of its decision."""
        seen, tickets = self._verified(request, data, now, self._since)
        if not tickets:
            yield Admitted(seen, tickets)
            return
        async with self._single_use.hold(set(tickets.values()), now) as held:
            yield Admitted(_without_used(seen, tickets, held.tickets), tickets, held)

    async def peek(self, request: ExchangeRequest, data: RevisionData, now: float) -> ExchangeRequest:
        """Give what `hold` would give now, and hold nothing."""
        seen, tickets = self._verified(request, data, now, self._since)
        free = await self._single_use.free(set(tickets.values()), now) if tickets else frozenset()
        return _without_used(seen, tickets, free)

    def rehearsed(self, request: ExchangeRequest, data: RevisionData, now: float) -> ExchangeRequest:
        """Give what *request* proves at a frozen *now*: nothing is used up by a test."""
        return self._verified(request, data, now, -math.inf)[0]

    def _verified(
        self, request: ExchangeRequest, data: RevisionData, now: float, since: float
    ) -> tuple[ExchangeRequest, Mapping[int, Ticket]]:
        if not any(approval.jws for approval in request.approvals):
            return request, {}
        skew = data.settings.get("clock_skew_seconds")
        at = Circumstances(self._audience, now, skew if isinstance(skew, int) else 0, since)
        return approvals.verified(request, data.approval_issuers, at)


def _without_used(request: ExchangeRequest, tickets: Mapping[int, Ticket], free: frozenset[Ticket]) -> ExchangeRequest:
    used = {position for position, ticket in tickets.items() if ticket not in free}
    if not used:
        return request
    marked = (
        replace(approval, status=_USED) if position in used else approval
        for position, approval in enumerate(request.approvals)
    )
    return replace(request, approvals=tuple(marked))
