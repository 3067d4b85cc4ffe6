"""What callers notice while revisions are activated: latencies and errors, beside those of a quiet service."""

from __future__ import annotations

import json
import os
import signal
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import Contender
from figures import percentiles
from generators import lasting
from measuring import Say

REGISTRY = "custom/actas/registry/data.json"
BLOCK_SECONDS = 10.0
LONGEST_ACTIVATION = 120


@dataclass
class Activator:
    """Changes the registry in *root* and has the service activate it, again and again until `stop`."""

    contender: Contender
    root: Path
    done: int = 0

    def __post_init__(self) -> None:
        """Read the log from its beginning; nobody has asked to stop."""
        self._stop = threading.Event()
        self._read, self._seen = 0, 0

    def run(self) -> None:
        """Activate one revision after the other."""
        while not self._stop.is_set():
            self._change()
            seen = self._activated()
            self.contender.server.process.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + LONGEST_ACTIVATION
            while self._activated() == seen and time.monotonic() < deadline:
                time.sleep(0.1)
            self.done += self._activated() - seen

    def stop(self) -> None:
        """Let the one that is under way be the last."""
        self._stop.set()

    def _change(self) -> None:
        path = self.root / REGISTRY
        registry = json.loads(path.read_text(encoding="utf-8"))
        registry["agents"]["agent-0"]["version"] = str(time.time_ns())
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(registry), encoding="utf-8")
        os.replace(beside, path)

    def _activated(self) -> int:
        """Count on from where the log was last read: every decision is a line of it."""
        if self.contender.server.log is not None:
            with self.contender.server.log.open("rb") as log:
                log.seek(self._read)
                lines = log.read().rpartition(b"\n")[0]
            self._read += len(lines)
            self._seen += lines.count(b'"policy_activated"')
        return self._seen


def measure(contender: Contender, root: Path, *, rounds: int, seconds: float, say: Say) -> dict[str, Any]:
    """Send load in blocks of *seconds*, one without and one with activations in every round."""
    quiet, busy, errors, activations = [], [], 0, 0
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: during activations")
        report, _ = _load(contender, seconds)
        quiet.append(percentiles(report["latency_ms"]))
        errors += sum(report["failed"].values())
        activator = Activator(contender, root)
        thread = threading.Thread(target=activator.run)
        thread.start()
        try:
            report, _ = _load(contender, seconds)
        finally:
            activator.stop()
            thread.join()
        busy.append(percentiles(report["latency_ms"]))
        errors += sum(report["failed"].values())
        activations += activator.done
    return {
        "activations": activations,
        "errors": errors,
        "callers": contender.callers,
        "without_ms": _medians(quiet),
        "during_ms": _medians(busy),
    }


def _load(contender: Contender, seconds: float) -> tuple[dict[str, Any], float]:
    return lasting(contender.load, contender.server.address, callers=contender.callers, seconds=seconds)


def _medians(blocks: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(block[name] for block in blocks), 3) for name in blocks[0]}
