"""What `make bench-keycloak` makes of its latencies: percentiles, differences with their spread, and a table."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

# What each block of exchanges took, in milliseconds.
Blocks = list[list[float]]
SHARES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}


def everything(blocks: Blocks) -> list[float]:
    """Every latency, sorted."""
    return sorted(took for block in blocks for took in block)


def percentile(ordered: list[float], share: float) -> float:
    """Give the value that *share* of *ordered* is below."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def summary(blocks: Blocks) -> dict[str, float]:
    """Percentiles over all blocks."""
    ordered = everything(blocks)
    return {"exchanges": len(ordered)} | {name: round(percentile(ordered, share), 3) for name, share in SHARES.items()}


def added(provider: Blocks, plain: Blocks) -> dict[str, dict[str, float]]:
    """Give the difference at each percentile: over all exchanges, and its quartiles over the pairs of blocks."""
    found = {}
    for name, share in SHARES.items():
        pairs = [
            percentile(sorted(with_it), share) - percentile(sorted(without), share)
            for with_it, without in zip(provider, plain, strict=True)
        ]
        low, middle, high = statistics.quantiles(pairs, n=4)
        whole = percentile(everything(provider), share) - percentile(everything(plain), share)
        figures = {"all": whole, "block_q1": low, "block_median": middle, "block_q3": high}
        found[name] = {key: round(value, 3) for key, value in figures.items()}
    return found


class Timer:
    """The mean of a timer that a server exposes, over the time since this was made, in milliseconds."""

    def __init__(self, name: str, exposition: Callable[[], str]) -> None:
        """Begin with what *exposition*, in Prometheus' format, says now of the metric *name* with its labels."""
        self._name, self._exposition = name, exposition
        self._before = self._read()

    def mean(self) -> tuple[int, float]:
        """Give how often it ran, and how long each time."""
        count, took = (now - before for now, before in zip(self._read(), self._before, strict=True))
        return int(count), round(1000 * took / count, 3)

    def _read(self) -> tuple[float, float]:
        name, _, labels = self._name.partition("{")
        found = {}
        for line in self._exposition().splitlines():
            series, _, value = line.rpartition(" ")
            for end in ("_count", "_sum"):
                if series.startswith(name + end) and labels in series:
                    found[end] = float(value)
        return found.get("_count", 0.0), found.get("_sum", 0.0)


class Others:
    """What else ran on the machine: a figure taken beside somebody else's work says little."""

    def __init__(self) -> None:
        """Begin to look."""
        self._started, self._before = time.monotonic(), self._busy()

    def cores(self) -> float:
        """Give how many cores were busy, on average, with what is not part of the measurement."""
        return max(0.0, (self._busy() - self._before) / (time.monotonic() - self._started))

    @staticmethod
    def _busy() -> float:
        times, me = psutil.cpu_times(), psutil.Process()
        ours = [member.cpu_times() for member in (me, *me.children(recursive=True))]
        idle = times.idle + getattr(times, "iowait", 0.0)
        return float(sum(times) - idle - sum(each.user + each.system for each in ours))


def commit() -> str:
    """Give the commit that is measured."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for a person."""
    table = Table("exchange", "count", "p50 ms", "p95 ms", "p99 ms", title="latency at the HTTP client, one caller")
    for name, found in report["measured"].items():
        table.add_row(name, str(found["exchanges"]), *(f"{found[share]:.2f}" for share in SHARES))
    table.add_row("added", "", *(f"{report['added'][share]['all']:+.2f}" for share in SHARES))
    spread = [f"{found['block_q1']:+.2f} to {found['block_q3']:+.2f}" for found in report["added"].values()]
    table.add_row("added, half of the blocks", str(report["blocks"]), *spread)
    console.print(table)
    asked = f"of which asking Actas: {report['asking_actas_mean_ms']} ms (mean of {report['asked']})"
    console.print(f"{asked}, and in it OPA: {report['engine_mean_ms']} ms")
    console.print(f"meanwhile others kept {report['others_busy_cores']} of the cores busy")
