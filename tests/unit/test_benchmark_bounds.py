"""The bounds of the benchmark: what is not reached, or not measured, must be said."""

from __future__ import annotations

from typing import Any

import bounds
import pytest
from figures import RATIOS
from scenarios import PARTS

EVERYTHING = bounds.expected(frozenset(PARTS), quick=False)
REACHED: dict[str, Any] = {
    "ratios": dict(EVERYTHING),
    "spread": {key: [0.1, 9.0] for key in EVERYTHING},
    "soak": {"drift": 0.02, "errors": 0, "calls": 1000},
    "activations": {"errors": 0, "activations": 3},
    "policy": {"expressions": bounds.MAX_EXPRESSIONS},
}


def test_figures_at_their_bounds_are_reached() -> None:
    """At most means that the bound itself is allowed."""
    assert bounds.crossed(REACHED, EVERYTHING) == []


@pytest.mark.parametrize("key", EVERYTHING)
def test_a_ratio_above_its_bound_is_said(key: str) -> None:
    """Each bound is looked at, and its sentence names it with the spread."""
    ratios = {**REACHED["ratios"], key: EVERYTHING[key] + 0.001}
    (sentence,) = bounds.crossed({**REACHED, "ratios": ratios}, EVERYTHING)
    assert sentence.startswith(f"{key} is ")
    assert "(0.1 to 9.0)" in sentence


@pytest.mark.parametrize("key", EVERYTHING)
def test_a_ratio_that_was_not_measured_is_not_reached(key: str) -> None:
    """A peer that is gone must not make the benchmark pass."""
    ratios = {name: ratio for name, ratio in REACHED["ratios"].items() if name != key}
    assert bounds.crossed({**REACHED, "ratios": ratios}, EVERYTHING) == [
        f"{key} was not measured; at most {EVERYTHING[key]} is to be reached."
    ]


def test_a_ratio_that_is_no_number_is_not_reached() -> None:
    """NaN is above nothing, and is no success."""
    ratios = {**REACHED["ratios"], "depth_8_vs_1": float("nan")}
    assert len(bounds.crossed({**REACHED, "ratios": ratios}, EVERYTHING)) == 1


@pytest.mark.parametrize(
    ("part", "member", "value", "word"),
    [
        ("soak", "drift", 0.0201, "memory grew"),
        ("soak", "drift", float("nan"), "memory grew"),
        ("soak", "errors", 1, "1 errors"),
        ("soak", "calls", 0, "0 calls"),
        ("activations", "errors", 1, "1 calls failed"),
        ("activations", "activations", 0, "no revision was activated"),
        ("policy", "expressions", bounds.MAX_EXPRESSIONS + 1, "expressions"),
    ],
)
def test_what_is_no_ratio_has_bounds_as_well(part: str, member: str, value: float, word: str) -> None:
    """The soak, the activations and the policy each have theirs."""
    report = {**REACHED, part: {**REACHED[part], member: value}}
    (sentence,) = bounds.crossed(report, EVERYTHING)
    assert word in sentence


def test_a_part_of_the_run_has_the_bounds_of_that_part() -> None:
    """`--only depth` is not told that the peers are missing."""
    assert bounds.expected(frozenset({"depth"}), quick=False) == {"depth_8_vs_1": 1.3}


def test_every_bound_is_of_a_ratio_that_exists() -> None:
    """A bound with a misspelt key would never be reached, a part with one never be asked for."""
    assert set(bounds.RATIOS) <= set(RATIOS)
    assert all(bound.parts <= set(PARTS) for bound in bounds.RATIOS.values())
    assert set(bounds.QUICK) <= set(bounds.RATIOS)


# BENCHMARKS.md says why, and what the floor is.
NOT_REACHED = {"wasm_batch16_vs_opa_rest"}


def test_a_quick_run_has_slack_and_nothing_more() -> None:
    """It guards by the same ratios, less strictly."""
    quick = bounds.expected(frozenset(PARTS), quick=True)
    assert all(EVERYTHING[key] < bound for key, bound in quick.items())
    assert all(bound <= 1.3 * EVERYTHING[key] for key, bound in quick.items() if key not in NOT_REACHED)
