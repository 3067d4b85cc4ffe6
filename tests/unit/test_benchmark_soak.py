"""The drift of memory in the soak: a leak must show, and a warm-up must not."""

from __future__ import annotations

import pytest
from soak import drift

SAMPLES = 300


def series(memory: list[float]) -> list[tuple[float, float]]:
    """Give samples of two seconds each."""
    return [(2.0 * number, mib) for number, mib in enumerate(memory)]


def test_flat_memory_has_no_drift() -> None:
    """Whatever its size."""
    assert drift(series([300.0] * SAMPLES)) == 0.0


def test_growth_in_the_warm_up_is_no_drift() -> None:
    """Caches fill at first."""
    warming = [100.0 + 200 * min(1.0, number / 60) for number in range(SAMPLES)]
    assert drift(series(warming)) == 0.0


def test_a_slow_leak_shows() -> None:
    """A tenth of a MiB with every sample, on 300."""
    assert drift(series([300.0 + number / 10 for number in range(SAMPLES)])) > 0.05


def test_one_sample_that_stands_out_is_no_drift() -> None:
    """An activation or a neighbour may cost memory for a moment."""
    assert drift(series([300.0] * (SAMPLES - 1) + [900.0])) == 0.0


def test_few_samples_show_nothing() -> None:
    """A soak of seconds is no soak."""
    with pytest.raises(ValueError, match="too few"):
        drift(series([300.0] * 8))
