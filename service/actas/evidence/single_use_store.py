"""Which approvals and one-time tokens were used, remembered in the store for all workers and replicas, and for good.

One that is held or used is a row, and only one decision can insert it. It is durable before policy is asked. What a
process held when it died stays: nobody knows whether its decision left, so that one counts for nothing more.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from actas.errors import EngineError, StoreError
from actas.evidence.ticket import Ticket
from actas.store import Database, StoreThread
from actas.store.schema import single_use, single_use_memory
from actas.store.statement import Statement

SWEEP_AFTER_SECONDS = 3600
"""Longer than any decision, and than clocks of replicas differ: what is still held is never swept."""
_SWEEP_SECONDS = 300.0
_SWEPT_AT_ONCE = 1000

_TAKE = Statement(
    text("INSERT INTO single_use (name, holder, until) VALUES (:name, :holder, :until) ON CONFLICT DO NOTHING")
)
_LEAVE = Statement(
    delete(single_use).where(single_use.c.name == bindparam("name_"), single_use.c.holder == bindparam("holder_"))
)
_HOLDERS = select(single_use.c.name, single_use.c.holder).where(
    single_use.c.name.in_(bindparam("names", expanding=True))
)
_FORGOTTEN = select(single_use_memory.c.forgotten)
_PAST = (
    select(single_use.c.name, single_use.c.until)
    .where(single_use.c.until < bindparam("before"))
    .order_by(single_use.c.until)
    .limit(_SWEPT_AT_ONCE)
)


@dataclass(eq=False, slots=True)
class _Hold:
    """What one decision would hold. `mine` is known when it is durable, and `forgotten` what nobody knows of."""

    holder: str
    ends: dict[str, int]
    mine: set[str] = field(default_factory=set)
    forgotten: int = 0


@dataclass(eq=False, slots=True)
class _Leave:
    """*hold* is over, and so are its *names*."""

    hold: _Hold
    names: frozenset[str]


class _Holds:
    """Writes who holds what, for many decisions in one transaction."""

    def write(self, connection: Connection, items: Sequence[_Hold | _Leave]) -> None:
        """Leave, and then take; the first who asks gets it."""
        left = [item for item in items if isinstance(item, _Leave)]
        over = {id(item.hold) for item in left}
        # Who was gone before it was its turn takes nothing.
        takers = [item for item in items if isinstance(item, _Hold) and id(item) not in over]
        # In one order everywhere: two replicas that write the same ones must not wait for each other.
        gone = sorted((name, item.hold.holder) for item in left for name in item.names)
        rows = [
            {"name": name, "holder": item.holder, "until": until}
            for item in takers
            for name, until in item.ends.items()
        ]
        if gone:
            _LEAVE.run(connection, *({"name_": name, "holder_": holder} for name, holder in gone))
        if not rows:
            return
        _TAKE.run(connection, *sorted(rows, key=lambda row: str(row["name"])))
        found = connection.execute(_HOLDERS, {"names": sorted({str(row["name"]) for row in rows})})
        holders = {row.name: row.holder for row in found}
        forgotten = connection.execute(_FORGOTTEN).scalar_one()
        for item in takers:
            # Who had it may have left it since we were refused; then nobody has it, and this decision does not either.
            item.mine = {name for name in item.ends if holders.get(name) == item.holder}
            item.forgotten = forgotten

    def settled(self, *, committed: bool) -> None:
        """Nothing is kept between transactions."""

    def rescued(self, items: Sequence[_Hold | _Leave]) -> bool:  # noqa: ARG002 - whatever they are
        """Nowhere else could it be known to everybody."""
        return False


class StoreSingleUse:
    """Tickets that were used or are held by any decision of any process with the same store."""

    def __init__(self, thread: StoreThread) -> None:
        """Remember with *thread*."""
        self._thread = thread
        self._lane = thread.lane(_Holds())
        self._process = secrets.token_hex(8)
        self._numbers = itertools.count()

    async def free(self, tickets: Collection[Ticket], now: float) -> frozenset[Ticket]:  # noqa: ARG002 - a sweep decides what is past
        """Give those of *tickets* that nobody has used or holds; raises EngineError when that is not known."""
        names = [ticket.name for ticket in tickets]

        def look(connection: Connection) -> tuple[set[str], int]:
            taken = {row.name for row in connection.execute(_HOLDERS, {"names": names})}
            return taken, connection.execute(_FORGOTTEN).scalar_one()

        with _told():
            taken, forgotten = await self._thread.run(look)
        return frozenset(ticket for ticket in tickets if ticket.until > forgotten and ticket.name not in taken)

    @asynccontextmanager
    async def hold(self, tickets: Collection[Ticket], now: float) -> AsyncIterator[_Held]:  # noqa: ARG002 - as above
        """Keep everybody else from the free ones of *tickets*; what is not consumed by the end is free again.

        Raises EngineError when that cannot be remembered.
        """
        hold = _Hold(f"{self._process}-{next(self._numbers)}", {})
        for ticket in tickets:
            # An id that was signed with two ends is remembered until the later one.
            hold.ends[ticket.name] = max(ticket.until, hold.ends.get(ticket.name, 0))
        held = _Held(frozenset())
        try:
            with _told():
                await self._lane.put(hold)
            mine = frozenset(t for t in tickets if t.name in hold.mine and t.until > hold.forgotten)
            held = _Held(mine)
            yield held
        finally:
            # Also where nobody knows whether it was taken: a name is only left by whoever took it.
            if names := frozenset(hold.ends) - held.consumed:
                with suppress(StoreError):  # then it stays, and counts as used
                    await self._lane.put(_Leave(hold, names))

    async def sweeping(self) -> None:
        """Delete from time to time what nobody could use any more."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            with suppress(StoreError):
                while await self.sweep(time.time()) == _SWEPT_AT_ONCE:
                    pass

    async def sweep(self, now: float) -> int:
        """Delete what nobody could use any more at *now*, some at a time, and say how many; raises StoreError."""

        def forget(connection: Connection) -> int:
            past = connection.execute(_PAST, {"before": int(now) - SWEEP_AFTER_SECONDS}).all()
            if past:
                # A clock that is set back brings nothing back: what ends no later than something forgotten may be it.
                latest = past[-1].until
                kept = single_use_memory.c.forgotten < latest
                connection.execute(update(single_use_memory).where(kept).values(forgotten=latest))
                connection.execute(delete(single_use).where(single_use.c.name.in_([row.name for row in past])))
            return len(past)

        return await self._thread.run(forget)


class _Held:
    """What one decision holds."""

    def __init__(self, tickets: frozenset[Ticket]) -> None:
        self.tickets = tickets
        self.consumed: set[str] = set()

    async def consume(self, tickets: Collection[Ticket]) -> None:
        """Use *tickets* up for good: their rows are there, and stay."""
        self.consumed |= {ticket.name for ticket in self.tickets.intersection(tickets)}


def remembered_since(database: Database) -> float:
    """Give since when uses are written down in *database*, in seconds since the epoch; raises StoreError."""
    with database.reading() as connection:
        return float(connection.execute(select(func.max(single_use_memory.c.since))).scalar_one())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise EngineError(
            "which approvals and one-time tokens were used is not known", reason="SINGLE_USE_UNKNOWN"
        ) from None
