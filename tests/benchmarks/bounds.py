"""The figures to reach, and what is said of each that is not reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import receipt_cost


class Bound(NamedTuple):
    """What a ratio of figures.py may be at most, and the parts (scenarios.py) that it is measured in."""

    at_most: float
    parts: frozenset[str]


UNARY = frozenset({"unary"})
# A ratio without a bound is reported only.
RATIOS = {
    "wasm_32_vs_opa_rest": Bound(0.6, UNARY),
    "wasm_32_vs_go_embed": Bound(0.6, UNARY),
    "wasm_32_vs_grpc_echo": Bound(2.0, UNARY),
    "wasm_batch16_vs_opa_rest": Bound(0.2, UNARY | {"batch"}),
    "wasm_1_p99_vs_go_embed": Bound(1.0, UNARY),
    "wasm_1_p99_vs_cerbos": Bound(1.5, UNARY),
    "sidecar_32_vs_one_call": Bound(0.8, UNARY),
    "sidecar_32_vs_opa_rest": Bound(1.4, UNARY),
    "agents_100k_vs_100": Bound(1.2, frozenset({"agents"})),
    "depth_8_vs_1": Bound(1.3, frozenset({"depth"})),
    "rules_200_vs_0": Bound(3.0, frozenset({"rules"})),
    "workers_2_vs_1": Bound(1.1, frozenset({"workers"})),
    "receipts_32_throughput_loss": Bound(0.2, frozenset({"receipts"})),
}
# What a quick run, which guards against regressions, lets pass: the figure to reach or, where that is not reached, the
# figure of BENCHMARKS.md, and a quarter more, because it has few rounds and shares its machine. What an echo takes in
# so short a run is a few ticks of the clock: that ratio is only shown.
QUICK = {
    "wasm_32_vs_opa_rest": 0.75,
    "wasm_batch16_vs_opa_rest": 0.4,
    "sidecar_32_vs_one_call": 1.0,
    "sidecar_32_vs_opa_rest": 1.75,
    "depth_8_vs_1": 1.625,
}
MEMORY_DRIFT = 0.02
MAX_EXPRESSIONS = 500


def expected(parts: frozenset[str], *, quick: bool) -> dict[str, float]:
    """Give the bounds of the ratios that a run of these *parts* (scenarios.py) has to have measured."""
    if quick:
        return QUICK
    return {key: bound.at_most for key, bound in RATIOS.items() if bound.parts <= parts}


def crossed(report: Mapping[str, Any], bounds: Mapping[str, float]) -> list[str]:
    """Give a sentence for each figure of *report* that is not reached. One that was not measured is not reached."""
    wrong = []
    for key, bound in bounds.items():
        ratio = report["ratios"].get(key)
        if ratio is None:
            wrong.append(f"{key} was not measured; at most {bound} is to be reached.")
        elif not ratio <= bound:
            low, high = report["spread"][key]
            wrong.append(f"{key} is {ratio} ({low} to {high}); at most {bound} is to be reached.")
    found = _soak(report.get("soak")) + _activations(report.get("activations")) + _policy(report.get("policy"))
    return wrong + found + _receipts(report.get("receipts"))


def _soak(soak: Mapping[str, Any] | None) -> list[str]:
    if soak is None:
        return []
    wrong = []
    if not soak["drift"] <= MEMORY_DRIFT:
        wrong.append(f"memory grew by {soak['drift']:.1%} in the soak; at most {MEMORY_DRIFT:.0%} is to be reached.")
    if soak["errors"] or not soak["calls"]:
        wrong.append(f"the soak had {soak['errors']} errors in {soak['calls']} calls; none is to be reached.")
    return wrong


def _activations(found: Mapping[str, Any] | None) -> list[str]:
    if found is None:
        return []
    wrong = []
    if found["errors"]:
        wrong.append(f"{found['errors']} calls failed while revisions were activated; none is to fail.")
    if not found["activations"]:
        wrong.append("no revision was activated while the calls were sent, so they show nothing.")
    return wrong


def _receipts(found: Mapping[str, Any] | None) -> list[str]:
    if found is None or found["added_p50_ms"] <= found["fsync_ms"] + receipt_cost.ALLOWED_MS:
        return []
    added, allowed = found["added_p50_ms"], found["fsync_ms"] + receipt_cost.ALLOWED_MS
    return [f"a receipt adds {added} ms to the answer of a single caller; at most {allowed:.3f} ms are to be reached."]


def _policy(policy: Mapping[str, Any] | None) -> list[str]:
    if policy is None or policy["expressions"] <= MAX_EXPRESSIONS:
        return []
    return [f"the base decision evaluates {policy['expressions']} expressions; at most {MAX_EXPRESSIONS} are to be."]
