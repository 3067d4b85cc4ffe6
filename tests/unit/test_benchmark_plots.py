"""The plots of the benchmark: drawn from the figures alone, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import plots
import pytest
import tables

FIGURES = {"cpu_ms": 1.0, "cpu_ms_spread": [0.9, 1.2], "decisions_per_second": 900.0, "memory_mib": 100.0}
LATENCIES = {"p50_ms": 1.0, "p90_ms": 1.5, "p99_ms": 2.0}
CORES = {"server_cores": 1.0, "generator_cores": 0.1, "generator_cpu_ms": 0.1, "others_cores": 0.0}
NUMBERS = dict.fromkeys(plots.COLOURS, (1, 8, 32, 128)) | {
    "depth": (1, 8),
    "agents": (100, 100_000),
    "rules": (0, 200),
    "wasm_batch": (1, 16, 100),
}


def report() -> dict[str, Any]:
    """Give what bench.py writes, with made-up figures."""
    names = [f"{name}_{number}" for name, numbers in NUMBERS.items() for number in numbers]
    return {
        "ratios": {"wasm_32_vs_opa_rest": 1.0, "wasm_32_vs_cerbos": 1.0},
        "spread": {"wasm_32_vs_opa_rest": [0.9, 1.2], "wasm_32_vs_cerbos": [0.9, 1.2]},
        "bounds": {"wasm_32_vs_opa_rest": 0.6},
        "rounds": 5,
        "calls": 2400,
        "machine": "a machine",
        "commit": "0123456",
        "generators": "ghz and wrk",
        "measured": dict.fromkeys(names, FIGURES | LATENCIES | CORES),
        "agreement": {"vectors": 60},
        "lacks": {"cerbos": ["scope", "act"]},
        "soak": {
            "minutes": 10,
            "calls": 1,
            "errors": 0,
            "drift": 0.01,
            "samples_seconds_mib": [[2.0, 100.0], [4.0, 101.0]],
        },
    }


def test_the_same_figures_give_the_same_files(tmp_path: Path) -> None:
    """Otherwise every run would be a change of all plots."""
    first, second = (plots.draw(report(), tmp_path / name) for name in ("first", "second"))
    assert [path.name for path in first] == ["cost.svg", "callers.svg", "growth.svg", "soak.svg"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_text_in_a_plot_is_text(tmp_path: Path) -> None:
    """It can be searched and read aloud, and no date is in it."""
    cost = plots.draw(report(), tmp_path)[0].read_text(encoding="utf-8")
    assert ">OPA over REST</text>" in cost
    assert "<dc:date>" not in cost


@pytest.mark.parametrize("part", ["soak", "measured"])
def test_half_a_run_is_not_drawn(tmp_path: Path, part: str) -> None:
    """The committed plots show one run."""
    whole = report()
    del whole[part]
    with pytest.raises(KeyError):
        plots.draw(whole, tmp_path)


def test_a_part_that_was_not_measured_is_not_drawn(tmp_path: Path) -> None:
    """An empty panel would look as if there were nothing to show."""
    whole = report()
    whole["measured"] = {name: found for name, found in whole["measured"].items() if not name.startswith("rules")}
    with pytest.raises(KeyError, match="rules"):
        plots.draw(whole, tmp_path)


def test_the_table_says_what_is_not_reached_and_what_a_peer_lacks() -> None:
    """Beside the number, in the Markdown that goes into BENCHMARKS.md."""
    lines = tables.markdown(report()).splitlines()
    assert "| `wasm_32_vs_opa_rest` | 1.000 | 0.900–1.200 | 1.00 | 1.00 | ≤ 0.6 | **no** |" in lines
    assert "| `wasm_32_vs_cerbos` | 1.000 | 0.900–1.200 | 1.00 | 1.00 |  |  |" in lines
    assert "| cerbos | scope, act |" in lines
