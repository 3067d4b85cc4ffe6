"""Wherever connections end up, calls are shared over the workers, and a worker that is missed is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actas.client.hint import Told, Unsaid
from actas.client.spread import Lane, Spread


class Placed:
    """Makes connections that end at the workers *ends*, one after the other; a connection is its number."""

    def __init__(self, ends: Iterator[int]) -> None:
        self.ends = ends
        self.worker: list[int] = []

    def outdated(self, lane: Lane[int]) -> bool:
        """Say that they all lead to the same place."""
        del lane
        return False

    def lane(self, turn: int) -> Lane[int]:
        """Make the next one."""
        self.worker.append(next(self.ends))
        return Lane(len(self.worker) - 1, None, turn=turn)


class Caller:
    """Makes calls, one after the other, each 20 ms after the last."""

    def __init__(self, workers: int, ends: Sequence[int], connections: int = 8) -> None:
        self.workers = workers
        self.placed = Placed(iter([*ends, *list(range(workers)) * 100]))
        self.now = 0.0
        lanes = [self.placed.lane(turn) for turn in range(connections)]
        self.spread = Spread(lanes, self.placed, clock=lambda: self.now)
        self.closed: list[int] = []

    def call(self, told: Told | None = None) -> int:
        """Make one call, and give the worker that answers it."""
        lane = self.spread.take()
        worker = self.placed.worker[lane.channel]
        self.now += 0.02
        unused = self.spread.give_back(lane, f"{worker}/{self.workers}" if told is None else told)
        self.closed += [gone.channel for gone in unused]
        return worker

    @property
    def made(self) -> int:
        """How many connections were made so far."""
        return len(self.placed.worker)


@st.composite
def placements(draw: st.DrawFn) -> tuple[int, list[int]]:
    """Two to four workers, where eight connections end, and where some of those end that are made later."""
    workers = draw(st.integers(2, 4))
    return workers, draw(st.lists(st.integers(0, workers - 1), min_size=8, max_size=20))


@settings(deadline=None)
@given(placements())
def test_any_placement_ends_with_each_worker_at_its_share(placement: tuple[int, list[int]]) -> None:
    """A worker gets at least 70 % of an even share, which is 35 % where there are two, once the missed are found."""
    workers, ends = placement
    caller = Caller(workers, ends)
    # As many seconds as there are replacements that may lead nowhere new, and one for each worker.
    while caller.now < len(ends) - 8 + 2 * workers:
        caller.call()
    made = caller.made
    calls = Counter(caller.call() for _ in range(2000))

    assert min(calls[worker] for worker in range(workers)) >= 0.7 * 2000 / workers
    assert caller.made == made, "connections are still being replaced"
    assert len(caller.closed) == made - 8, "what was replaced was closed"


@settings(deadline=None)
@given(placements())
def test_one_connection_a_second_is_replaced_and_only_where_a_worker_is_missed(
    placement: tuple[int, list[int]],
) -> None:
    """Whoever reaches all workers keeps what there is."""
    workers, ends = placement
    caller = Caller(workers, ends)
    missed = set(range(workers)) - set(ends[:8])
    while caller.now < 5.0:
        caller.call()
        assert caller.made - 8 <= (1 + caller.now if missed else 0)


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(9, 40))
def test_more_workers_than_connections_need_no_replacement_for_ever(same: int, workers: int) -> None:
    """Eight connections reach eight workers, and that is all they can."""
    caller = Caller(workers, [0] * (same + 1) + list(range(1, 8 - same)) + list(range(8)))
    while caller.now < 30.0:
        caller.call()

    assert len({caller.call() for _ in range(8)}) == 8


@pytest.mark.parametrize("hint", [Unsaid.ABSENT, "", "0", "1/1", "2/2", "-1/2", "01/2", "1/2/3", "one/two", "٠/٢"])
def test_without_a_hint_every_connection_has_its_turn(hint: Told) -> None:
    """As with a service of one worker, or one that says something else."""
    caller = Caller(2, [0] * 7 + [1])
    for _ in range(3):
        calls = Counter(caller.call(hint) for _ in range(80))
        assert calls == {0: 70, 1: 10}
    caller.now += 100
    caller.call(hint)
    assert caller.made == 8


def test_a_connection_whose_worker_is_unknown_is_used_in_turn() -> None:
    """Seven are known to be at one worker; the eighth has as many turns as that worker, and is not replaced."""
    caller = Caller(2, [0] * 7 + [1])
    for _ in range(800):
        lane = caller.spread.take()
        known = caller.placed.worker[lane.channel] == 0
        caller.spread.give_back(lane, "0/2" if known else Unsaid.NOTHING)
    calls = Counter(caller.call(Unsaid.NOTHING) for _ in range(100))

    assert calls == {0: 50, 1: 50}
    assert caller.made == 8


def test_after_a_restart_the_hint_says_where_the_connection_is_now() -> None:
    """All were at worker 1 of 2; it ended, and the same connections were made again, to worker 0."""
    caller = Caller(2, [0] * 4 + [1] * 4)
    for _ in range(16):
        caller.call()
    caller.placed.worker[4:6] = [0, 0]
    calls = Counter(caller.call() for _ in range(400))

    assert abs(calls[0] - calls[1]) <= 20


def test_connections_that_are_gone_share_one_turn() -> None:
    """So that every other call, not seven of eight, tries one while a worker is away."""
    caller = Caller(2, [0] + [1] * 7)
    for _ in range(100):
        lane = caller.spread.take()
        away = caller.placed.worker[lane.channel] == 1
        caller.spread.give_back(lane, Unsaid.GONE if away else "0/2")
    taken = Counter(caller.call(Unsaid.NOTHING) for _ in range(100))

    assert taken == {0: 50, 1: 50}


def test_what_is_replaced_is_closed_when_its_last_call_is_done() -> None:
    """No call under way is lost."""
    caller = Caller(2, [0] * 8)
    slow = [caller.spread.take() for _ in range(16)]
    for _ in range(20):
        caller.call()
    assert caller.made == 9
    assert caller.closed == []
    for number, lane in enumerate(slow):
        assert caller.closed == []
        caller.closed += [gone.channel for gone in caller.spread.give_back(lane, "0/2")]
        if caller.closed:
            assert caller.closed == [lane.channel]
            assert number >= 8, "its other call was still under way"
            break
    assert caller.closed


def test_many_futile_replacements_make_further_ones_rare() -> None:
    """A balancer that keeps a client at one worker is not asked for a connection a second for ever."""
    caller = Caller(2, [0] * 1000)
    while caller.now < 30.0:
        caller.call()
    prompt = caller.made
    while caller.now < 150.0:
        caller.call()

    assert prompt - 8 >= 25
    assert caller.made - prompt <= 4


def test_after_the_end_no_connection_is_made() -> None:
    """A call that comes back late opens nothing that nobody would close."""
    caller = Caller(2, [0] * 8)
    late = caller.spread.take()
    closed = caller.spread.end()
    caller.spread.give_back(late, "0/2")
    caller.call()

    assert len(closed) == caller.made == 8


def test_no_connection_at_all_is_refused() -> None:
    """Rather than at the first call."""
    with pytest.raises(ValueError, match="at least one"):
        Spread([])
