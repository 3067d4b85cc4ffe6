"""How much a caller may ask: exactly its rate over time, however it asks and whichever worker it reaches."""

from __future__ import annotations

import contextlib
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.config import Caller
from actas.errors import OverLimitError, Status
from actas.server.allowance import CONCURRENCY_LIMITED, RATE_LIMITED, Allowance
from actas.server.ledger import Ledger, forget


def caller(**limits: float | int) -> Caller:
    """Give a caller with *limits*."""
    return Caller.model_validate(
        {"name": "sts", "token_sha256": ["a" * 64], "authorization_servers": ["https://as.example"], **limits}
    )


def passed(allowance: Allowance, decisions: int = 1) -> bool:
    """Whether that many decisions may be asked for now."""
    try:
        allowance.spend(decisions)
    except OverLimitError:
        return False
    return True


@given(
    rate=st.floats(0.5, 500),
    burst=st.integers(1, 50),
    steps=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 20)), max_size=200),
)
def test_no_more_passes_than_the_rate_and_one_burst(rate: float, burst: int, steps: list[tuple[float, int]]) -> None:
    """Over any time from the start, and what is refused uses up nothing."""
    now, granted = 0.0, 0
    allowance = Allowance(caller(rate=rate, burst=burst), Ledger.alone(1), 0, lambda: now)
    for pause, decisions in steps:
        now += pause
        granted += decisions if passed(allowance, decisions) else 0
        assert granted <= burst + rate * now + 1e-6


def test_a_full_bucket_holds_the_burst_and_fills_again_at_the_rate() -> None:
    """Ten at once, then one every tenth of a second; the error says when to come back."""
    now = 100.0
    allowance = Allowance(caller(rate=10, burst=10), Ledger.alone(1), 0, lambda: now)
    assert [passed(allowance) for _ in range(11)] == [True] * 10 + [False]
    with pytest.raises(OverLimitError) as caught:
        allowance.spend(2)
    assert (caught.value.status, caught.value.reason) == (Status.RESOURCE_EXHAUSTED, RATE_LIMITED)
    assert caught.value.retry_after == pytest.approx(0.2)

    now += 0.2
    assert passed(allowance, 2)
    assert not passed(allowance)


def test_by_default_a_whole_batch_fits() -> None:
    """A slow caller may still send the largest batch, once; more at once than the burst never passes."""
    allowance = Allowance(caller(rate=1), Ledger.alone(1), 0, lambda: 5.0)
    assert not passed(allowance, 101)
    assert passed(allowance, 100)


def test_calls_under_way_are_counted_until_they_end() -> None:
    """However they end; one that was refused never began."""
    allowance = Allowance(caller(max_concurrency=2), Ledger.alone(1), 0)
    with allowance, allowance:
        for _ in range(3):
            with pytest.raises(OverLimitError) as caught:
                allowance.__enter__()
            assert caught.value.reason == CONCURRENCY_LIMITED
    with contextlib.suppress(ValueError), allowance:
        raise ValueError
    with allowance, allowance:
        pass


def test_only_the_first_refusal_in_a_while_is_worth_a_line() -> None:
    """A caller that does not stop fills no log."""
    now = 0.0
    allowance = Allowance(caller(rate=1, burst=1), Ledger.alone(1), 0, lambda: now)
    allowance.spend(1)
    repeated = []
    for moment in (0.1, 0.2, 0.3):
        now = moment
        with pytest.raises(OverLimitError) as caught:
            allowance.spend(1)
        repeated.append(caught.value.repeated)
    assert repeated == [False, True, True]


def test_callers_do_not_use_up_what_is_another_callers() -> None:
    """Each has numbers of its own."""
    ledger = Ledger.alone(2)
    first, second = (Allowance(caller(rate=1, burst=1, max_concurrency=1), ledger, index) for index in (0, 1))
    with first:
        assert not passed(first)
        with second:
            pass


def spend_all(file: Path, row: int, granted: multiprocessing.Queue[int]) -> None:
    """Ask as another worker would."""
    allowance = Allowance(caller(rate=0.001, burst=40), Ledger.shared(file, 1, row=row, rows=3), 0)
    granted.put(sum(passed(allowance) for _ in range(100)))


def test_processes_share_one_bucket(tmp_path: Path) -> None:
    """What one worker granted the next does not have."""
    context = multiprocessing.get_context("spawn")
    granted: multiprocessing.Queue[int] = context.Queue()
    counts = []
    for row in range(3):
        process = context.Process(target=spend_all, args=(tmp_path / "ledger", row, granted))
        process.start()
        counts.append(granted.get(timeout=60))
        process.join(60)
    assert counts == [40, 0, 0]


def test_what_a_dead_worker_had_under_way_is_forgotten(tmp_path: Path) -> None:
    """Its row alone, by its supervisor; the worker in its place begins at zero as well."""
    file, limits = tmp_path / "ledger", caller(max_concurrency=2)
    rows = [Allowance(limits, Ledger.shared(file, 1, row=row, rows=3), 0) for row in range(3)]
    rows[0].__enter__()
    rows[1].__enter__()
    with pytest.raises(OverLimitError):
        rows[2].__enter__()
    forget(file, 1, 0)
    rows[2].__enter__()
    with pytest.raises(OverLimitError):
        rows[2].__enter__()
    Ledger.shared(file, 1, row=1, rows=3)
    rows[2].__enter__()
