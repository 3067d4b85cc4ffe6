"""Counts that all workers and replicas with one store share.

Each process counts what it allows itself, writes that down several times a second, and reads what the others wrote, for
whom it is asked about only. A decision waits for the store where nobody was asked about for a while; else it costs no
trip to it. Until a process has heard of them, exchanges that others allow meanwhile are not counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import secrets
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, delete, func, select, text

from actas.errors import EngineError, StoreError
from actas.rates.memory import PARTS, MemoryRates, part_of
from actas.rates.parties import RateKey
from actas.store import StoreThread
from actas.store.schema import rates
from actas.store.statement import Statement

TALK_SECONDS = 0.2
"""How often a process says what it allowed, and hears of the others."""
FRESH_SECONDS = 1.0
"""What was heard longer ago is asked for again before it counts."""
MOST_AHEAD = 5000
"""Of how many it hears before they are asked for again; of the others a decision asks itself."""
_SWEEP_SECONDS = 60.0

_Said = tuple[RateKey, int]
_SAY = Statement(
    text(
        "INSERT INTO rates (name, part, process, allowed, until) VALUES (:name, :part, :process, :allowed, :until) "
        "ON CONFLICT (name, part, process) DO UPDATE SET allowed = excluded.allowed"
    )
)
_HEAR = (
    select(rates.c.name, rates.c.part, func.sum(rates.c.allowed).label("allowed"))
    .where(rates.c.name.in_(bindparam("names", expanding=True)), rates.c.process != bindparam("process"))
    .group_by(rates.c.name, rates.c.part)
)


@dataclass(eq=False, slots=True)
class _Talk:
    """Rows that this process says, and names of which it would hear; `heard` has the counts of others by part."""

    rows: list[dict[str, str | int]]
    names: Collection[str]
    heard: dict[str, dict[int, int]] = field(default_factory=dict)


class _Talks:
    """Writes and reads for many at once."""

    def __init__(self, process: str) -> None:
        self._process = process

    def write(self, connection: Connection, items: Sequence[_Talk]) -> None:
        """Write down what is said, and read what others said."""
        if rows := [row for item in items for row in item.rows]:
            _SAY.run(connection, *rows)
        names = sorted({name for item in items for name in item.names})
        heard: dict[str, dict[int, int]] = {name: {} for name in names}
        if names:
            for row in connection.execute(_HEAR, {"names": names, "process": self._process}):
                heard[row.name][row.part] = int(row.allowed)
        for item in items:
            item.heard = {name: heard[name] for name in item.names}

    def settled(self, *, committed: bool) -> None:
        """Nothing is kept between transactions."""

    def rescued(self, items: Sequence[_Talk]) -> bool:  # noqa: ARG002 - whatever they are
        """Nowhere else would others hear it."""
        return False


@dataclass(frozen=True, slots=True)
class _Heard:
    """What others have allowed, by part of time, and when that was asked for (monotonic seconds)."""

    allowed: Mapping[int, int]
    at: float


class StoreRates:
    """Counts of this process and of all others with the same store."""

    def __init__(self, thread: StoreThread) -> None:
        """Talk through *thread*; `talking` runs beside the decisions."""
        self._thread = thread
        self._process = secrets.token_hex(8)
        self._lane = thread.lane(_Talks(self._process))
        self._own = MemoryRates()
        self._heard: dict[RateKey, _Heard] = {}
        self._asked: set[RateKey] = set()
        self._unsaid: set[_Said] = set()

    async def take(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Take a place in each of *keys*; give how many exchanges have one. Raises EngineError when nobody knows."""
        await self._know(keys, now)
        own = self._own.take_now(keys, now)
        return {key: own[key] + self._others(key, now) for key in keys}

    async def look(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Give what `take` would give, and take nothing; raises EngineError."""
        await self._know(keys, now)
        own = await self._own.look(keys, now)
        return {key: own[key] + self._others(key, now) for key in keys}

    def give_back(self, keys: Collection[RateKey], allowed: Collection[RateKey], now: float) -> None:
        """Leave the places in *keys*; an exchange has come of it in *allowed*."""
        self._own.give_back(keys, allowed, now)
        self._unsaid.update((key, part_of(key, now)) for key in allowed)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        """Talk as long as the context lasts, and say the last word at its end."""
        task = asyncio.create_task(self._talk(), name="rates")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            with suppress(StoreError):
                await self._exchange((), time.time())

    async def sweep(self, now: float) -> None:
        """Delete what counts no more at *now*; raises StoreError."""

        def forget(connection: Connection) -> None:
            connection.execute(delete(rates).where(rates.c.until < now - _SWEEP_SECONDS))

        await self._thread.run(forget)

    async def _know(self, keys: Collection[RateKey], now: float) -> None:
        if len(self._asked) < MOST_AHEAD:
            self._asked.update(keys)
        oldest = time.monotonic() - FRESH_SECONDS
        unknown = [key for key in keys if (heard := self._heard.get(key)) is None or heard.at < oldest]
        if unknown:
            try:
                await self._exchange(unknown, now)
            except StoreError:
                raise EngineError("how much was allowed of late is not known", reason="RATES_UNKNOWN") from None

    def _others(self, key: RateKey, now: float) -> int:
        earliest = part_of(key, now) - PARTS
        return sum(n for part, n in self._heard[key].allowed.items() if part >= earliest)

    async def _exchange(self, keys: Collection[RateKey], now: float) -> None:
        """Say everything that is unsaid, and hear of *keys*; raises StoreError."""
        at, saying, self._unsaid = time.monotonic(), self._unsaid, set()
        names = {key: _name(key) for key in keys}
        talk = _Talk(self._rows(saying, now), names.values())
        try:
            await self._lane.put(talk)
        except BaseException:
            # Said twice is said once: a row has the whole count, not what came to it.
            self._unsaid |= saying
            raise
        for key, name in names.items():
            self._heard[key] = _Heard(talk.heard[name], at)

    def _rows(self, saying: Collection[_Said], now: float) -> list[dict[str, str | int]]:
        return [
            {
                "name": _name(key),
                "part": part,
                "process": self._process,
                "allowed": allowed,
                "until": math.ceil((part + PARTS + 1) * key.seconds / PARTS),
            }
            for key, part in saying
            if (allowed := self._own.allowed(key, now).get(part))
        ]

    async def _talk(self) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(TALK_SECONDS)
            asked, self._asked = self._asked, set()
            with suppress(StoreError):  # the store's own log says so; what is heard grows old, and then nobody knows
                if asked or self._unsaid:
                    await self._exchange(asked, time.time())
                if time.monotonic() - swept > _SWEEP_SECONDS:
                    swept = time.monotonic()
                    self._heard = {
                        key: heard for key, heard in self._heard.items() if heard.at > swept - _SWEEP_SECONDS
                    }
                    await self.sweep(time.time())


def _name(key: RateKey) -> str:
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()
