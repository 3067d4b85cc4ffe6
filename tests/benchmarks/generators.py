"""What sends the load: ghz for gRPC, wrk for HTTP, and `load.py` where neither is installed.

Each is a process of its own whose CPU time is noted, so that the report can show that it was not the bottleneck.
Every answer has status OK, or the run ends: a server that fails fast must not look like a fast server.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import percentiles
from peers.peer import Load

HERE = Path(__file__).parent
# As many connections as our clients open at most; all gRPC servers get the same number.
CONNECTIONS = 8
# wrk ends when it has counted its answers; it wants a time as well, which must be longer than any block.
WRK_LONGEST = 300


class RefusedError(RuntimeError):
    """An answer was an error or no allow, so that what was measured says nothing."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a load generator saw: how many answers in how many seconds, their latencies, and its own CPU time."""

    calls: int
    seconds: float
    latency_ms: dict[str, float]
    cpu_seconds: float


def ghz(binary: Path, load: Load, address: str, *, callers: int, calls: int, connections: int = CONNECTIONS) -> Sent:
    """Call a gRPC method with ghz. Raises `RefusedError` unless every answer has status OK."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as message:
        message.write(load.request)
        message.flush()
        flags = ["--insecure", "--protoset", str(load.protoset), "--call", load.method, "--binary-file", message.name]
        # Values for templates, which no request here has, are a quarter of what a call costs ghz.
        flags.append("--disable-template-data")
        size = ["--concurrency", str(callers), "--connections", str(min(connections, callers)), "--total", str(calls)]
        form = ["--format", "json", "--timeout", "30s", address]
        out, spent = _run([str(binary), *flags, *size, *form])
    report = json.loads(out)
    if report.get("statusCodeDistribution") != {"OK": calls}:
        raise RefusedError(
            f"{address} {load.method}: {report.get('statusCodeDistribution')}, {report.get('errorDistribution')}"
        )
    latencies = percentiles([detail["latency"] / 1e6 for detail in report["details"]])
    return Sent(calls, report["total"] / 1e9, latencies, spent)


def wrk(load: Load, address: str, *, callers: int, calls: int) -> Sent:
    """Post to a URL with wrk, which looks into every answer. Raises `RefusedError` unless each is an allow."""
    with tempfile.NamedTemporaryFile(suffix=".json") as body:
        body.write(load.request)
        body.flush()
        # One thread sends more than any of these servers answers, and it counts exactly.
        flags = [
            "-t",
            "1",
            "-c",
            str(callers),
            "-d",
            f"{WRK_LONGEST}s",
            "--timeout",
            "30s",
            "-s",
            str(HERE / "wrk.lua"),
        ]
        url = f"http://{address}/{load.method.lstrip('/')}"
        out, spent = _run(["wrk", *flags, url, "--", body.name, str(calls)])
    report = json.loads(out.strip().splitlines()[-1])
    if report["refused"] or report["errors"] or report["calls"] < calls:
        raise RefusedError(f"{url}: {report}")
    # wrk hangs up when it has enough: what is under way then cost the server CPU, so it counts as answered.
    return Sent(calls + callers - 1, report["seconds"], {key: report[key] for key in ("p50", "p90", "p99")}, spent)


def python(load: Load, address: str, *, callers: int, calls: int) -> Sent:
    """Send with `load.py`, which needs neither Go nor wrk, and looks into every answer. Raises `RefusedError`."""
    report, spent = lasting(load, address, callers=callers, calls=calls)
    if report["failed"]:
        raise RefusedError(f"{address} {load.method}: {report['failed']}")
    # Its warm-up is paid for by the server, so it is counted.
    return Sent(calls + report["warm_up"], report["seconds"], percentiles(report["latency_ms"]), spent)


def lasting(
    load: Load, address: str, *, callers: int, calls: int = 0, seconds: float = 0.0
) -> tuple[dict[str, Any], float]:
    """Send *calls* calls, or for *seconds*, and give the report of `load.py` with all errors, and its CPU seconds."""
    command = [sys.executable, str(HERE / "load.py"), load.protocol, load.method, address]
    out, spent = _run([*command, str(callers), str(calls), str(seconds)], load.request)
    report: dict[str, Any] = json.loads(out)
    return report, spent


def _run(command: Sequence[str], data: bytes = b"") -> tuple[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "service")}
    before = _children()
    done = subprocess.run(command, input=data, capture_output=True, check=False, env=environment)
    if done.returncode:
        raise RefusedError(
            f"{command[0]} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')[-2000:]}"
        )
    return done.stdout.decode(), _children() - before


def _children() -> float:
    # The servers are children as well, but they are counted only when they have ended.
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
