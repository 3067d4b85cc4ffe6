"""The arithmetic of the benchmark: a wrong ratio would be believed."""

from __future__ import annotations

import dataclasses

import pytest
from figures import Block, percentiles, ratios, summary

BLOCK = Block(
    cpu_ms=1.0,
    decisions_per_second=1000.0,
    p50_ms=1.0,
    p90_ms=2.0,
    p99_ms=3.0,
    memory_mib=100.0,
    server_cores=1.0,
    generator_cores=0.1,
    generator_cpu_ms=0.1,
    others_cores=0.0,
)


def blocks(*cpu_ms: float, p99_ms: float = 3.0) -> list[Block]:
    """Give a block for each round's CPU per decision."""
    return [dataclasses.replace(BLOCK, cpu_ms=cpu, p99_ms=p99_ms) for cpu in cpu_ms]


def test_a_ratio_is_taken_within_each_round() -> None:
    """The median of the rounds' ratios, not the ratio of two medians from different rounds."""
    medians, spread = ratios({"wasm_32": blocks(1, 2, 6), "opa_rest_32": blocks(2, 8, 6)})
    assert medians == {"wasm_32_vs_opa_rest": 0.5}
    assert spread == {"wasm_32_vs_opa_rest": [0.25, 1.0]}


def test_a_ratio_of_latencies_is_not_one_of_cpu() -> None:
    """The keys that say p99 compare p99."""
    medians, _ = ratios({"wasm_1": blocks(1, p99_ms=4.0), "cerbos_1": blocks(1, p99_ms=2.0)})
    assert medians == {"wasm_1_p99_vs_cerbos": 2.0}


def test_what_was_not_measured_has_no_ratio() -> None:
    """One of the two is not enough."""
    assert ratios({"wasm_32": blocks(1)}) == ({}, {})


def test_rounds_that_do_not_belong_together_are_refused() -> None:
    """A contender that missed a round cannot be compared round by round."""
    with pytest.raises(ValueError, match="shorter"):
        ratios({"wasm_32": blocks(1, 1), "opa_rest_32": blocks(1)})


@pytest.mark.parametrize(("share", "expected"), [("p50", 50), ("p90", 90), ("p99", 99)])
def test_a_percentile_is_a_latency_that_was_measured(share: str, expected: float) -> None:
    """The nearest rank, whatever the order of the answers."""
    assert percentiles([float(number) for number in range(100, 0, -1)])[share] == expected


def test_few_latencies_have_the_slowest_as_p99() -> None:
    """Ten answers do not hide their slowest."""
    assert percentiles([1.0] * 9 + [50.0])["p99"] == 50.0


def test_no_latencies_have_no_percentiles() -> None:
    """Nothing answered is not zero milliseconds."""
    with pytest.raises(ValueError, match="no latencies"):
        percentiles([])


def test_the_summary_keeps_the_spread_of_the_cpu() -> None:
    """The median alone would hide an outlier."""
    found = summary(blocks(3, 1, 2))
    assert (found["cpu_ms"], found["cpu_ms_spread"]) == (2, [1, 3])
