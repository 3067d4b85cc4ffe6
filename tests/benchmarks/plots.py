"""`make bench-plots`: draw build/bench.json as the SVG files that BENCHMARKS.md shows.

The same figures give the same bytes. The background is transparent and the colours are of middle brightness, so that a
plot can be read on white and on black.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FOLDER = Path(__file__).parent / "plots"
INK = "#7d8590"
COLOURS = {
    "wasm": "#2f9e6e",
    "sidecar": "#3b82d6",
    "opa_rest": "#d9822b",
    "go_embed": "#c2557a",
    "cerbos": "#8b6fd0",
    "one_call": "#b0892f",
    "grpc_echo": "#7d8590",
}
NAMES = {
    "wasm": "Actas, embedded",
    "sidecar": "Actas, sidecar",
    "opa_rest": "OPA over REST",
    "go_embed": "Go server embedding OPA",
    "cerbos": "Cerbos",
    "one_call": "one call per request",
    "grpc_echo": "Python gRPC echo",
}
STYLE = {
    "svg.hashsalt": "actas",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
Measured = Mapping[str, Mapping[str, Any]]
MANY = 32


def cost(measured: Measured) -> Figure:
    """CPU per decision of everybody at 32 callers, and of Actas in batches of 16."""
    keys = {f"{name}_{MANY}": (NAMES[name], COLOURS[name]) for name in COLOURS}
    keys["wasm_batch_16"] = ("Actas, embedded, batches of 16", COLOURS["wasm"])
    found = sorted((key for key in keys if key in measured), key=lambda key: -float(measured[key]["cpu_ms"]))
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    heights = [measured[key]["cpu_ms"] for key in found]
    axes.barh([keys[key][0] for key in found], heights, color=[keys[key][1] for key in found])
    low, high = zip(*(measured[key]["cpu_ms_spread"] for key in found), strict=True)
    errors = [[h - x for h, x in zip(heights, low, strict=True)], [x - h for h, x in zip(heights, high, strict=True)]]
    axes.errorbar(heights, range(len(found)), xerr=errors, fmt="none", ecolor=INK, capsize=3)
    for row, (height, end) in enumerate(zip(heights, high, strict=True)):
        axes.annotate(f"{height:.2f}", (end, row), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set(
        xlabel=f"CPU ms per decision, {MANY} callers; whiskers: lowest and highest round", xlim=(0, max(high) * 1.15)
    )
    axes.grid(axis="y", visible=False)
    return figure


def callers(measured: Measured) -> Figure:
    """Latency and throughput of everybody, by how many callers ask at once."""
    panels = (("p50_ms", "p50, ms"), ("p99_ms", "p99, ms"), ("decisions_per_second", "decisions per second"))
    figure, all_axes = plt.subplots(1, len(panels), figsize=(10, 3.8), layout="constrained")
    for axes, (figure_name, label) in zip(all_axes, panels, strict=True):
        for name, colour in COLOURS.items():
            numbers = _numbers(measured, name)
            values = [measured[f"{name}_{number}"][figure_name] for number in numbers]
            axes.plot(numbers, values, marker="o", markersize=4, color=colour, label=NAMES[name])
        axes.set(xscale="log", yscale="log", xlabel="callers", title=label)
        _ticks(axes, _numbers(measured, "wasm"))
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def growth(measured: Measured) -> Figure:
    """CPU per decision of Actas as chains, registries, rules and batches grow."""
    panels = (("depth", "chain depth"), ("agents", "agents"), ("rules", "custom rules"), ("wasm_batch", "batch size"))
    figure, all_axes = plt.subplots(1, len(panels), figsize=(11, 3), layout="constrained")
    for axes, (name, label) in zip(all_axes, panels, strict=True):
        numbers = _numbers(measured, name)
        values = [measured[f"{name}_{number}"]["cpu_ms"] for number in numbers]
        spreads = [measured[f"{name}_{number}"]["cpu_ms_spread"] for number in numbers]
        low = [value - spread[0] for value, spread in zip(values, spreads, strict=True)]
        high = [spread[1] - value for value, spread in zip(values, spreads, strict=True)]
        axes.errorbar(numbers, values, yerr=[low, high], marker="o", markersize=4, capsize=3, color=COLOURS["wasm"])
        axes.set(xlabel=label, ylim=(0, None))
        if name in {"agents", "wasm_batch"}:
            axes.set_xscale("log")
            _ticks(axes, numbers)
    all_axes[0].set_ylabel("CPU ms per decision")
    return figure


def soak(report: Mapping[str, Any]) -> Figure:
    """Memory over the time of the soak."""
    found = report["soak"]
    figure, axes = plt.subplots(figsize=(8, 2.8), layout="constrained")
    minutes = [seconds / 60 for seconds, _ in found["samples_seconds_mib"]]
    memory = [mib for _, mib in found["samples_seconds_mib"]]
    axes.plot(minutes, memory, color=COLOURS["wasm"])
    axes.set(xlabel="minutes of full load", ylabel="memory, MiB", ylim=(0, 1.2 * max(memory)))
    return figure


def _numbers(measured: Measured, name: str) -> list[int]:
    """Give the numbers that *name* was measured with, in order; raises KeyError when there is none."""
    found = [key.removeprefix(f"{name}_") for key in measured if key.startswith(f"{name}_")]
    numbers = sorted(int(number) for number in found if number.isdecimal())
    if not numbers:
        raise KeyError(name)
    return numbers


def _ticks(axes: Axes, numbers: list[int]) -> None:
    axes.set_xticks(numbers, [f"{number // 1000}k" if number >= 1000 else str(number) for number in numbers])
    axes.minorticks_off()


def draw(report: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write a file for each plot. Raises KeyError, and writes none, where a part of *report* is missing."""
    measured = report["measured"]
    written = []
    with mpl.rc_context(STYLE):
        drawn = {"cost": cost(measured), "callers": callers(measured), "growth": growth(measured), "soak": soak(report)}
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in drawn.items():
            path = folder / f"{name}.svg"
            figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
            # Lines that end in blanks are noise in a change.
            lines = map(str.rstrip, path.read_text(encoding="utf-8").splitlines())
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            written.append(path)
    plt.close("all")
    return written


def main() -> None:
    """Run from the command line: `plots.py [bench.json]`."""
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "build/bench.json")
    try:
        for path in draw(json.loads(source.read_text(encoding="utf-8")), FOLDER):
            print(path)
    except (OSError, KeyError) as error:
        raise SystemExit(f"{source} is no report of a whole 'make bench': {error}") from None


if __name__ == "__main__":
    main()
