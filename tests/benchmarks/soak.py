"""Load for minutes: is memory flat, and is every answer an allow?"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

from contenders import Contender
from figures import percentiles
from generators import lasting
from measuring import Say

SAMPLE_SECONDS = 2.0
# Caches fill and pools grow at first; that is no drift.
WARM_UP = 0.25


class Sampler:
    """Notes the memory of the server every few seconds, in MiB, until `stop`."""

    def __init__(self, contender: Contender, minutes: float, say: Say) -> None:
        """Be ready to sample; *minutes* is what the run will take."""
        self._contender, self._minutes, self._say = contender, minutes, say
        self._stop = threading.Event()
        self.samples: list[tuple[float, float]] = []

    def run(self) -> None:
        """Sample."""
        started = time.monotonic()
        while not self._stop.wait(SAMPLE_SECONDS):
            seconds, server = time.monotonic() - started, self._contender.server
            self.samples.append((round(seconds, 1), round(server.memory_bytes() / 2**20, 2)))
            self._say(f"soak: {seconds / 60:.1f} of {self._minutes:g} minutes, {self.samples[-1][1]:.0f} MiB")
            if server.log is not None:
                # A line per decision is part of the work; keeping gigabytes of them is not.
                os.truncate(server.log, 0)

    def stop(self) -> None:
        """End."""
        self._stop.set()


def drift(samples: Sequence[tuple[float, float]]) -> float:
    """Give by how much memory grew after the warm-up: the median of its last quarter over that of its first, less 1.

    Raises ValueError for fewer than 8 samples after the warm-up, which show no drift whatever they are.
    """
    warm = [memory for _, memory in samples[int(len(samples) * WARM_UP) :]]
    quarter = len(warm) // 4
    if quarter < 2:
        raise ValueError(f"{len(warm)} samples of memory are too few to show a drift")
    return statistics.median(warm[-quarter:]) / statistics.median(warm[:quarter]) - 1


def measure(contender: Contender, *, minutes: float, say: Say) -> dict[str, Any]:
    """Send load for *minutes*, with a look into every answer."""
    sampler = Sampler(contender, minutes, say)
    thread = threading.Thread(target=sampler.run)
    thread.start()
    try:
        report, _ = lasting(contender.load, contender.server.address, callers=contender.callers, seconds=60 * minutes)
    finally:
        sampler.stop()
        thread.join()
    return {
        "minutes": minutes,
        "calls": len(report["latency_ms"]),
        "errors": sum(report["failed"].values()),
        "failed": report["failed"],
        "latency_ms": {name: round(value, 3) for name, value in percentiles(report["latency_ms"]).items()},
        "drift": round(drift(sampler.samples), 4),
        "samples_seconds_mib": sampler.samples,
    }
