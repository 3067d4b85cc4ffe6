"""What one decision relies on and no other may: signed approvals, one-time tokens, and places below the rate limits.

All of it is held until the decision is recorded. Only an exchange that is allowed uses anything up.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from actas import rates
from actas.engine import PolicyResult
from actas.evidence import approvals, one_time
from actas.evidence.approvals import Circumstances
from actas.evidence.ticket import Ticket
from actas.ports import Held, Rates, RevisionData, SingleUse
from actas.rates import Counted, RateKey
from actas.request import ExchangeRequest
from actas.usage import Usage

# What another decision used, or is about to use, was replaced by that use (contract.md, section 2).
_USED = "superseded"


@dataclass(frozen=True, slots=True)
class Past:
    """What a test case says was decided before it: the one-time tokens used, by (iss, jti), and the counts."""

    used: frozenset[tuple[str, str]] = frozenset()
    rates: Mapping[str, Any] = field(default_factory=dict)


NO_PAST = Past()


class Admitted:
    """The request as policy is to see it, with what is remembered about it."""

    def __init__(self, seen: _Seen, usage: Usage, request: ExchangeRequest, held: Held | None = None) -> None:
        self.request = request
        self.usage = usage
        self.allowed: frozenset[RateKey] = frozenset()
        self._seen = seen
        self._held = held

    async def use_up(self, result: PolicyResult, positions: Iterable[int]) -> None:
        """Consume what an exchange that was allowed relies on: its tokens, and the signed approvals at *positions*.

        Raises:
            EngineError: it cannot be remembered, so nothing may be issued.

        """
        used = {
            *self._seen.tokens.values(),
            *(self._seen.approvals[at] for at in positions if at in self._seen.approvals),
        }
        if used and self._held is not None:
            await self._held.consume(used)
        if self._seen.counted is not None:
            self.allowed = self._seen.counted.allowed(result)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A request whose approvals were verified, the tickets that it brings, and who is counted in it."""

    request: ExchangeRequest
    approvals: Mapping[int, Ticket]
    tokens: Mapping[str, Ticket]
    counted: Counted | None

    @property
    def tickets(self) -> frozenset[Ticket]:
        return frozenset((*self.approvals.values(), *self.tokens.values()))

    def unused(self, free: frozenset[Ticket]) -> frozenset[str]:
        return frozenset(member for member, ticket in self.tokens.items() if ticket in free)

    def without_used(self, free: frozenset[Ticket]) -> ExchangeRequest:
        used = {position for position, ticket in self.approvals.items() if ticket not in free}
        if not used:
            return self.request
        marked = (
            replace(approval, status=_USED) if position in used else approval
            for position, approval in enumerate(self.request.approvals)
        )
        return replace(self.request, approvals=tuple(marked))


class Admission:
    """Admits signed approvals that are meant for *audience*, and what was given after *since* (seconds, epoch)."""

    def __init__(self, single_use: SingleUse, counts: Rates, audience: str, since: float) -> None:
        """Take where uses are remembered, and since when, and where exchanges are counted."""
        self._single_use = single_use
        self._counts = counts
        self._audience = audience
        self._since = since

    def concerns(self, request: ExchangeRequest, data: RevisionData) -> bool:
        """Whether anything has to be held for *request* over *data*. Most need nothing, and pay nothing."""
        return bool(
            data.rate_limits or data.one_time or (request.approvals and any(entry.jws for entry in request.approvals))
        )

    @asynccontextmanager
    async def hold(self, request: ExchangeRequest, data: RevisionData, now: float) -> AsyncIterator[Admitted]:
        """Hold everything that *request* relies on for the time of its decision; raises EngineError."""
        seen = self._see(request, data, now, self._since)
        async with AsyncExitStack() as stack:
            held = None
            if seen.tickets:
                held = await stack.enter_async_context(self._single_use.hold(seen.tickets, now))
            free = frozenset() if held is None else held.tickets
            if seen.counted is None:
                yield Admitted(seen, Usage(seen.unused(free)), seen.without_used(free), held)
                return
            keys = seen.counted.keys()
            if not _could_be_allowed(seen.request):
                shown = seen.counted.shown(await self._counts.look(keys, now))
                yield Admitted(seen, Usage(seen.unused(free), shown), seen.without_used(free), held)
                return
            shown = seen.counted.shown(await self._counts.take(keys, now))
            admitted = Admitted(seen, Usage(seen.unused(free), shown), seen.without_used(free), held)
            try:
                yield admitted
            finally:
                self._counts.give_back(keys, admitted.allowed, now)

    async def peek(self, request: ExchangeRequest, data: RevisionData, now: float) -> Admitted:
        """Give what `hold` would give now, and hold nothing; raises EngineError."""
        seen = self._see(request, data, now, self._since)
        free = await self._single_use.free(seen.tickets, now) if seen.tickets else frozenset()
        shown = None
        if seen.counted is not None:
            shown = seen.counted.shown(await self._counts.look(seen.counted.keys(), now))
        return Admitted(seen, Usage(seen.unused(free), shown), seen.without_used(free))

    def rehearsed(self, request: ExchangeRequest, data: RevisionData, now: float, past: Past) -> Admitted:
        """Give what *request* proves at a frozen *now* after a *past* of its own: nothing is used up by a test."""
        seen = self._see(request, data, now, -math.inf)
        unused = frozenset(
            member for member, ticket in seen.tokens.items() if (ticket.issuer, ticket.id) not in past.used
        )
        shown: Mapping[str, Any] | None = None
        if seen.counted is not None:
            none = seen.counted.shown(dict.fromkeys(seen.counted.keys(), 0))
            shown = {**none, **past.rates, "agents": {**none["agents"], **past.rates.get("agents", {})}}
        return Admitted(seen, Usage(unused, shown), seen.request)

    def _see(self, request: ExchangeRequest, data: RevisionData, now: float, since: float) -> _Seen:
        skew = data.settings.get("clock_skew_seconds")
        skew = skew if isinstance(skew, int) else 0
        found: Mapping[int, Ticket] = {}
        if any(approval.jws for approval in request.approvals):
            at = Circumstances(self._audience, now, skew, since)
            request, found = approvals.verified(request, data.approval_issuers, at)
        tokens = one_time.tickets(request, data.one_time, skew=skew, since=since) if data.one_time else {}
        limited = rates.counted(request, data.rate_limits, data.index) if data.rate_limits else None
        return _Seen(request, found, tokens, limited)


def _could_be_allowed(request: ExchangeRequest) -> bool:
    """Whether *request* has what the ceiling demands of whoever obtains anything.

    Nobody takes a place from somebody else by naming him in a token that proves nothing.
    """
    tokens = (request.subject_token, request.actor_token)
    return request.client.authenticated is True and all(token is None or token.verified is True for token in tokens)
