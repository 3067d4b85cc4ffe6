"""The processes that are measured: Actas, the peer that asks OPA once per request, and OPA alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parent
START_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its process, with all children, and where it listens."""

    process: psutil.Process
    address: str
    log: Path | None = None

    def cpu_seconds(self) -> float:
        """CPU time that the server and its children have used so far, user and system."""
        times = [member.cpu_times() for member in [self.process, *self.process.children(recursive=True)]]
        return sum(time.user + time.system for time in times)

    def memory_bytes(self) -> int:
        """Resident memory of the server and its children."""
        return sum(member.memory_info().rss for member in [self.process, *self.process.children(recursive=True)])


@contextmanager
def service(
    root: Path, folder: Path, *, engine: str = "wasm", one_call: bool = False, workers: int = 1, receipts: str = "none"
) -> Iterator[Server]:
    """Run `actas serve` over *root* on *engine*; with *one_call* the same service that asks OPA once per request.

    It has one worker unless *workers* says otherwise: CPU per decision is compared process by process. *receipts* is
    where it keeps them.
    """
    script = [str(HERE / "one_call.py")] if one_call else ["-m", "actas", "serve"]
    flags = ["--listen", "127.0.0.1:0", "--policies", str(root), "--allow-untested", "--engine", engine]
    flags += ["--workers", str(workers)]
    log = folder / f"service-{'one-call' if one_call else engine}-{root.name}-{workers}-{receipts[:4]}.log"
    command = [sys.executable, *script, *flags, "--pid-file", str(log.with_suffix(".pid"))]
    # One decision log line per decision is part of the work; where it is written is not.
    environment = {**os.environ, "ACTAS_LOG_FORMAT": "json", "PYTHONPATH": str(HERE.parents[1] / "service")}
    # On a busy machine 128 callers wait for seconds: that is to be measured, not cut off.
    environment |= {"ACTAS_DEFAULT_TIMEOUT": "30", "ACTAS_MAX_TIMEOUT": "30", "ACTAS_RECEIPTS": receipts}
    # Opened for appending, so that a long run can cut it short under the running service.
    with log.open("a") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        try:
            yield Server(psutil.Process(process.pid), _listening(process, log), log)
        finally:
            process.terminate()
            process.wait(30)


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{") and json.loads(line).get("event") == "serving":
                return str(json.loads(line)["listen"][0])
        time.sleep(0.1)
    raise RuntimeError(f"the service did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


@contextmanager
def opa_alone(opa: Path, bundle: Path) -> Iterator[Server]:
    """Run an open OPA with the same bundle: no TLS, no token, no authorization, as OPA starts by default."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [str(opa), "run", "--server", "--addr", address, "--log-level", "error", "--bundle", str(bundle)]
    with subprocess.Popen([*command, "--skip-version-check"], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for_port(port, process)
            yield Server(psutil.Process(process.pid), address)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("OPA did not start")
