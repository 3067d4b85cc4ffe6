"""Which connection a call takes: in turn over the workers of the service, and over the connections to each of them.

The kernel places connections on workers by a hash. Of eight connections to two workers, one worker gets fewer than
three in 29 % of all cases, so taking turns over connections alone would not share the load.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from actas.client.hint import Told, Unsaid, worker

# How long until another connection is replaced, in seconds; after many that led nowhere new, there may be something in
# between, such as a balancer that keeps a client at one worker, and it is tried rarely.
_PAUSE, _LONG_PAUSE, _MANY = 1.0, 60.0, 30
# How long a certificate that was replaced in its file may go on being shown, in seconds.
_LOOK = 1.0

C = TypeVar("C")


class Lane(Generic[C]):
    """One connection, the worker at its end as far as that is known, and how many calls are under way on it."""

    __slots__ = ("address", "calls", "channel", "group", "made_with", "retired", "stub", "told", "turn")

    def __init__(self, channel: C, stub: Any, *, turn: int = 0, address: str = "", made_with: object = ()) -> None:
        """Begin with a connection that was not used yet; *turn* chose *address*, and it was *made_with* these files."""
        self.channel, self.stub, self.turn, self.address, self.made_with = channel, stub, turn, address, made_with
        self.told: Told = Unsaid.UNUSED
        # Lanes of one group share its turn: those to one worker, and those that are gone. Any other has its own.
        self.group: Hashable = self
        self.calls = 0
        self.retired = False


class Source(Protocol[C]):
    """Where connections come from."""

    def outdated(self, lane: Lane[C]) -> bool:
        """Whether a connection that is made now in the place of *lane* would be another one."""
        ...

    def lane(self, turn: int) -> Lane[C]:
        """Make the connection number *turn*; it connects when it is used."""
        ...


class Spread(Generic[C]):
    """The connections of one client, which may have several threads."""

    def __init__(
        self, lanes: Sequence[Lane[C]], source: Source[C] | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with *lanes*; without a *source* they are all there will be."""
        if not lanes:
            raise ValueError("a client needs at least one connection")
        self._lanes = list(lanes)
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._turn = 0
        self._made = len(lanes)
        self._leaving: list[Lane[C]] = []
        self._reached = self._futile = 0
        self._not_before = self._look_at = clock()
        self._regroup()

    def take(self) -> Lane[C]:
        """Choose the connection of a call, which must be given back."""
        with self._lock:
            if self._lanes[0].made_with and self._clock() >= self._look_at:
                self._look_at = self._clock() + _LOOK
                self._renew()
            turn, place = divmod(self._turn, len(self._groups))
            self._turn += 1
            group = self._groups[place]
            lane = group[turn % len(group)]
            lane.calls += 1
            return lane

    def give_back(self, lane: Lane[C], told: Told) -> Sequence[Lane[C]]:
        """Take note of what a call told, and give the connections that the caller must close: nothing uses them."""
        with self._lock:
            lane.calls -= 1
            # One that is gone may have been made with a certificate that ended, and by now there may be a new one.
            learnt = told != lane.told or told is Unsaid.GONE
            if learnt and told is not Unsaid.NOTHING and not lane.retired:
                self._learn(lane, told)
            if self._short and self._clock() >= self._not_before:
                self._replace_surplus()
            return self._unused() if self._leaving else ()

    def end(self) -> list[Lane[C]]:
        """Give all connections, to be closed; none is made from now on."""
        with self._lock:
            self._source, self._short = None, False
            return [*self._lanes, *self._leaving]

    def _learn(self, lane: Lane[C], told: Told) -> None:
        lane.told = told
        lane.group = worker(told) or (told if told is Unsaid.GONE else lane)
        # A service that was started anew may listen on other sockets than before.
        if told is Unsaid.GONE and self._source is not None and self._source.outdated(lane):
            self._replace(lane, lane.turn)
        self._regroup()

    def _regroup(self) -> None:
        groups: dict[Hashable, list[Lane[C]]] = {}
        for lane in self._lanes:
            groups.setdefault(lane.group, []).append(lane)
        self._groups = list(groups.values())
        workers = [group for group in groups if isinstance(group, tuple)]
        counts = {count for _number, count in workers}
        if len(workers) > self._reached:
            self._futile = 0
        self._reached = len(workers)
        # Only when every connection's worker is known, and all mean the same service.
        self._short = (
            self._source is not None
            and len(workers) == len(groups)
            and len(counts) == 1
            and len(workers) < min(*counts, len(self._lanes))
        )

    def _renew(self) -> None:
        """Replace the connections that were made with files that changed since."""
        for lane in list(self._lanes):
            if self._source is not None and self._source.outdated(lane):
                self._replace(lane, lane.turn)
        self._regroup()

    def _replace_surplus(self) -> None:
        self._replace(max(self._groups, key=len)[-1], self._made)
        self._made += 1
        self._futile += 1
        self._not_before = self._clock() + (_PAUSE if self._futile < _MANY else _LONG_PAUSE)
        self._regroup()

    def _replace(self, lane: Lane[C], turn: int) -> None:
        if self._source is not None:
            self._lanes[self._lanes.index(lane)] = self._source.lane(turn)
            lane.retired = True
            self._leaving.append(lane)

    def _unused(self) -> list[Lane[C]]:
        unused = [lane for lane in self._leaving if not lane.calls]
        self._leaving = [lane for lane in self._leaving if lane.calls]
        return unused
