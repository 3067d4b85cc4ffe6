"""The report for a person: tables on the terminal, and the same in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figures import RATIOS
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Grid:
    """One table."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def grids(report: Mapping[str, Any]) -> list[Grid]:
    """Give all tables of *report* that have rows."""
    found = [
        _ratios(report),
        _measured(report),
        _latencies(report),
        _generators(report),
        _lacks(report),
        _notes(report),
    ]
    return [grid for grid in found if grid.rows]


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print the report."""
    for grid in grids(report):
        table = Table(title=grid.title)
        for number, name in enumerate(grid.head):
            table.add_column(name, no_wrap=number == 0)
        for row in grid.rows:
            table.add_row(*(cell.strip("`*") for cell in row))
        console.print(table)


def markdown(report: Mapping[str, Any]) -> str:
    """Give the same as Markdown, with a line about the run before it."""
    calls = f"{report['rounds']} interleaved rounds of {report['calls']} decisions"
    run = (
        f"{report['machine']}; commit {report['commit']}; {calls}; load by {report['generators']} on the same machine."
    )
    lines = [run, ""]
    for grid in grids(report):
        lines += [f"**{grid.title}**", "", _line(grid.head), _line(["---"] * len(grid.head))]
        lines += [*map(_line, grid.rows), ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratios(report: Mapping[str, Any]) -> Grid:
    rows = []
    for key, ratio in report["ratios"].items():
        pair, bound = RATIOS[key], report["bounds"].get(key)
        both = [report["measured"][name][pair.figure] for name in (pair.mine, pair.other)]
        reached = "" if bound is None else "yes" if ratio <= bound else "**no**"
        limit = "" if bound is None else f"≤ {bound:g}"
        low, high = report["spread"][key]
        rows.append([f"`{key}`", f"{ratio:.3f}", f"{low:.3f}–{high:.3f}", *map(_ms, both), limit, reached])
    head = ("ratio", "median", "of the rounds", "Actas ms", "other ms", "to reach", "reached")
    return Grid("Ratios, of CPU per decision unless the name says p99", head, rows)


def _measured(report: Mapping[str, Any]) -> Grid:
    rows = []
    for name, found in report["measured"].items():
        spread = "–".join(map(_ms, found["cpu_ms_spread"]))
        speed, memory = f"{found['decisions_per_second']:,.0f}", f"{found['memory_mib']:,.0f}"
        rows.append([name, _ms(found["cpu_ms"]), spread, speed, memory])
    head = ("what", "CPU ms per decision", "of the rounds", "decisions/s", "memory MiB")
    return Grid("Medians over the rounds", head, rows)


def _latencies(report: Mapping[str, Any]) -> Grid:
    rows = [
        [name, *(_ms(found[f"{share}_ms"]) for share in ("p50", "p90", "p99"))]
        for name, found in report["measured"].items()
    ]
    return Grid("Latency of a call", ("what", "p50 ms", "p90 ms", "p99 ms"), rows)


def _generators(report: Mapping[str, Any]) -> Grid:
    """A quick run has none: it is sent by load.py, which often is the bottleneck, and compares only CPU."""
    rows = []
    for name, found in () if report["generators"] == "load.py" else report["measured"].items():
        server, generator, others = (f"{found[f'{who}_cores']:.2f}" for who in ("server", "generator", "others"))
        cost = found["generator_cpu_ms"]
        most = f"{1000 / cost:,.0f}" if cost else ""
        rows.append([name, server, generator, _ms(cost), most, others])
    head = (
        "what",
        "server cores",
        "generator cores",
        "generator ms per call",
        "calls/s it can send a core",
        "others' cores",
    )
    return Grid("Who was the bottleneck: cores kept busy", head, rows)


def _lacks(report: Mapping[str, Any]) -> Grid:
    rows = [[name, ", ".join(lacks) or "nothing"] for name, lacks in report["lacks"].items()]
    agreed = report["agreement"].get("vectors", 0)
    return Grid(f"What a peer cannot return; all agree on {agreed} published exchanges", ("peer", "lacks"), rows)


def _notes(report: Mapping[str, Any]) -> Grid:
    rows = []
    if found := report.get("activations"):
        rows.append(["activations under load", f"{found['activations']} in {report['rounds']} blocks"])
        rows.append(["failed calls in them", str(found["errors"])])
        for name, key in (("p99 without them", "without_ms"), ("p99 during them", "during_ms")):
            rows.append([name, f"{_ms(found[key]['p99'])} ms"])
    if found := report.get("soak"):
        rows.append([f"soak of {found['minutes']:g} minutes", f"{found['calls']:,} calls, {found['errors']} errors"])
        rows.append(["memory in it", f"drift {found['drift']:+.2%}"])
    if found := report.get("receipts"):
        rows.append(["one fdatasync of the disk", f"{_ms(found['fsync_ms'])} ms"])
        rows.append(["a receipt adds to the median answer of one caller", f"{_ms(found['added_p50_ms'])} ms"])
    if found := report.get("policy"):
        rows += [[f"policy cost: {name}", f"{value:,}"] for name, value in found.items()]
    return Grid("Beside the rounds", ("what", "found"), rows)


def _ms(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"
