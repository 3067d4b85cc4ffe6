"""`make bench`: Actas beside what users would do without it, in one interleaved run, as ratios.

Writes build/bench.json. Ratios are of CPU per decision (service and OPA together), lower is better; wall-clock
figures stand beside them because they depend on the machine and on who else uses it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import policy_cost
import world
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from servers import Server, opa_alone, run_load, service

from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy

CALLERS = 32


@dataclass(frozen=True, slots=True)
class Contender:
    """One thing that is measured: a server, what it is sent, and by how many callers at once."""

    name: str
    server: Server
    kind: str
    payload: bytes
    callers: int


@dataclass
class Measured:
    """What a contender showed, one entry a round; CPU in milliseconds per decision, latencies in milliseconds."""

    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Medians over the rounds."""
        return {
            "cpu_ms": statistics.median(self.cpu),
            "p50_ms": statistics.median(self.p50),
            "p99_ms": statistics.median(self.p99),
        }


def measure(contender: Contender, calls: int, measured: Measured) -> None:
    """Send *calls* decisions to one contender and note what they cost."""
    before = contender.server.cpu_seconds()
    arguments = [contender.kind, contender.server.address, str(contender.callers), str(calls)]
    latencies = sorted(run_load(arguments, contender.payload))
    spent = contender.server.cpu_seconds() - before
    # The warm-up calls of the load generator are paid for, so they are counted.
    measured.cpu.append(1000 * spent / (calls + 4 * contender.callers))
    measured.p50.append(1000 * latencies[len(latencies) // 2])
    measured.p99.append(1000 * latencies[int(len(latencies) * 0.99)])


def contenders(stack: ExitStack, folder: Path, *, quick: bool) -> list[Contender]:
    """Start everything that is measured."""
    opa = resolve_opa()
    root = world.repository(folder / "small")
    sidecar = stack.enter_context(service(root, folder, engine="sidecar"))
    embedded = stack.enter_context(service(root, folder))
    peer = stack.enter_context(service(root, folder, engine="sidecar", one_call=True))
    compiled = compile_policy([root], opa=opa, into=folder)
    alone = stack.enter_context(opa_alone(opa, compiled.path))
    message = world.message()
    question = json.dumps({"input": world.question()}).encode()
    found = [
        Contender("embedded_32", embedded, "grpc", message, CALLERS),
        Contender("sidecar_32", sidecar, "grpc", message, CALLERS),
        Contender("one_call_32", peer, "grpc", message, CALLERS),
        Contender("opa_rest_32", alone, "opa", question, CALLERS),
        Contender("embedded_1", embedded, "grpc", message, 1),
        Contender("sidecar_1", sidecar, "grpc", message, 1),
        Contender("opa_rest_1", alone, "opa", question, 1),
        Contender("depth_8", embedded, "grpc", world.message(depth=8), CALLERS),
    ]
    if not quick:
        for agents in (100, 100_000):
            crowd = stack.enter_context(service(world.repository(folder / f"agents-{agents}", agents=agents), folder))
            found.append(Contender(f"agents_{agents}", crowd, "grpc", message, CALLERS))
    return found


RATIOS: dict[str, tuple[str, str]] = {
    "embedded_32_vs_opa_rest": ("embedded_32", "opa_rest_32"),
    "sidecar_32_vs_one_call": ("sidecar_32", "one_call_32"),
    "sidecar_32_vs_opa_rest": ("sidecar_32", "opa_rest_32"),
    "depth_8_vs_1": ("depth_8", "embedded_32"),
    "agents_100k_vs_100": ("agents_100000", "agents_100"),
}


def ratios(results: dict[str, Measured]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Give the median ratio and its lowest and highest round, for all that was measured."""
    medians, spread = {}, {}
    for key, (mine, other) in RATIOS.items():
        if mine in results and other in results:
            rounds = [a / b for a, b in zip(results[mine].cpu, results[other].cpu, strict=True)]
            medians[key] = round(statistics.median(rounds), 3)
            spread[key] = [round(min(rounds), 3), round(max(rounds), 3)]
    return medians, spread


def run(rounds: int, calls: int, *, quick: bool, on_step: Callable[[str], None]) -> dict[str, Any]:
    """Measure all contenders, one after the other in every round, and give the whole report."""
    results: dict[str, Measured] = defaultdict(Measured)
    with tempfile.TemporaryDirectory(prefix="actas-bench-") as directory, ExitStack() as stack:
        on_step("starting the servers")
        found = contenders(stack, Path(directory), quick=quick)
        for number in range(rounds):
            for contender in found:
                on_step(f"round {number + 1} of {rounds}: {contender.name}")
                measure(contender, calls if contender.callers > 1 else calls // 4, results[contender.name])
        memory = {contender.name: contender.server.memory_bytes() for contender in found}
        on_step("policy cost")
        policy = policy_cost.measure(Path(directory))
    medians, spread = ratios(results)
    added = [a - b for a, b in zip(results["embedded_1"].p50, results["opa_rest_1"].p50, strict=True)]
    return {
        "ratios": medians,
        "spread": spread,
        "rounds": rounds,
        "calls": calls,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "commit": _commit(),
        "measured": {name: found.summary() for name, found in results.items()},
        "memory_bytes": memory,
        "p50_added_ms": round(statistics.median(added), 3),
        "policy": policy,
    }


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


# The figures that a regression must not cross; they are those of the README and BENCHMARKS.md.
BOUNDS = {"embedded_32_vs_opa_rest": 0.8, "sidecar_32_vs_one_call": 0.8, "agents_100k_vs_100": 1.2, "depth_8_vs_1": 1.5}
# A quick run has few rounds, so it only catches what is clearly worse.
QUICK_SLACK = 1.25


def crossed(report: dict[str, Any], *, quick: bool) -> list[str]:
    """Name every figure that is worse than its bound."""
    slack = QUICK_SLACK if quick else 1.0
    wrong = [
        f"{key} is {report['ratios'][key]}, at most {bound} is expected"
        for key, bound in BOUNDS.items()
        if report["ratios"].get(key, 0) > bound * slack
    ]
    if report["policy"]["expressions"] > policy_cost.MAX_EXPRESSIONS:
        wrong.append(f"the base decision evaluates {report['policy']['expressions']} expressions")
    return wrong


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for a person."""
    table = Table("what", "CPU ms", "p50 ms", "p99 ms", "memory MiB", title="per decision, medians over the rounds")
    for name, found in report["measured"].items():
        figures = [f"{found[key]:.2f}" for key in ("cpu_ms", "p50_ms", "p99_ms")]
        table.add_row(name, *figures, f"{report['memory_bytes'][name] / 2**20:.0f}")
    console.print(table)
    table = Table("ratio of CPU per decision", "median", "lowest", "highest", "at most")
    for key, ratio in report["ratios"].items():
        table.add_row(key, str(ratio), *map(str, report["spread"][key]), str(BOUNDS.get(key, "")))
    console.print(table)
    console.print(f"p50 of the embedded engine less that of direct OPA at one caller: {report['p50_added_ms']} ms")
    console.print(f"policy cost of the base decision: {report['policy']}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds without the large registries, for CI")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--calls", type=int, default=0)
    given = parser.parse_args()
    console = Console()
    rounds, calls = given.rounds or (2 if given.quick else 5), given.calls or (1000 if given.quick else 3000)
    with Progress(console=console, transient=True) as progress:
        step = progress.add_task("", total=None)
        report = run(rounds, calls, quick=given.quick, on_step=lambda text: progress.update(step, description=text))
    target = Path("build/bench-quick.json" if given.quick else "build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(report, console)
    wrong = crossed(report, quick=given.quick)
    console.print("\n".join(wrong) or f"all figures are within their bounds; written to {target}")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
