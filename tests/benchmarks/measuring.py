"""One block of load at one contender, and the rounds in which all of them have their turn."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from contenders import Contender
from figures import Block
from generators import RefusedError, Sent, ghz, python, wrk
from load import ALLOW

# The order changes with every round and is the same in every run.
SEED = 8693
# A single caller waits for every answer, so a block of one takes longer.
ONE_CALLER_SHARE = 3
WARM_UP_SHARE = 4
SAMPLE = 3
Say = Callable[[str], None]


class Sender:
    """Sends load with ghz and wrk, or with `load.py` where there is no ghz."""

    def __init__(self, ghz_binary: Path | None) -> None:
        """Give the path of ghz, or None to send everything with `load.py`."""
        self._ghz = ghz_binary

    def send(self, contender: Contender, calls: int) -> Sent:
        """Send *calls* calls. Raises `RefusedError` when an answer is an error, or an allow is missing around them."""
        _sample(contender)
        try:
            sent = self._send(contender, calls)
        except RefusedError as error:
            raise RefusedError(f"{contender.name}: {error}") from None
        _sample(contender)
        return sent

    def _send(self, contender: Contender, calls: int) -> Sent:
        load, address, callers = contender.load, contender.server.address, contender.callers
        if self._ghz is None:
            return python(load, address, callers=callers, calls=calls)
        if load.protocol == "http":
            return wrk(load, address, callers=callers, calls=calls)
        return ghz(self._ghz, load, address, callers=callers, calls=calls, connections=contender.connections)


def _sample(contender: Contender) -> None:
    """See that it allows: ghz looks at the status of every answer, but not into it."""
    for _ in range(SAMPLE):
        if (got := contender.effect()) != ALLOW:
            raise RefusedError(f"{contender.name} answers {got} to the exchange that is measured")


def measure(contender: Contender, calls: int, sender: Sender) -> Block:
    """Send *calls* calls to one contender and note what they cost it, per decision."""
    busy, began = _busy_seconds(), time.monotonic()
    before = contender.server.cpu_seconds()
    sent = sender.send(contender, calls)
    # The few calls that look for the allow cost CPU as well.
    spent = contender.server.cpu_seconds() - before
    others = _busy_seconds() - busy - spent - sent.cpu_seconds
    decisions = sent.calls * contender.decisions
    paid = decisions + 2 * SAMPLE * contender.decisions
    return Block(
        cpu_ms=1000 * spent / paid,
        decisions_per_second=decisions / sent.seconds,
        p50_ms=sent.latency_ms["p50"],
        p90_ms=sent.latency_ms["p90"],
        p99_ms=sent.latency_ms["p99"],
        memory_mib=contender.server.memory_bytes() / 2**20,
        server_cores=spent / sent.seconds,
        generator_cores=sent.cpu_seconds / sent.seconds,
        generator_cpu_ms=1000 * sent.cpu_seconds / sent.calls,
        others_cores=max(0.0, others / (time.monotonic() - began)),
    )


def run(
    contenders: Sequence[Contender], sender: Sender, *, rounds: int, calls: int, say: Say
) -> dict[str, list[Block]]:
    """Give the blocks of every contender, one a round; in each round all have their turn, in an order of its own."""
    found: dict[str, list[Block]] = defaultdict(list)
    for contender in contenders:
        say(f"warm-up: {contender.name}")
        sender.send(contender, max(_calls(contender, calls) // WARM_UP_SHARE, contender.callers))
    for number in range(rounds):
        for contender in random.Random(SEED + number).sample(contenders, len(contenders)):
            say(f"round {number + 1} of {rounds}: {contender.name}")
            found[contender.name].append(measure(contender, _calls(contender, calls), sender))
    return {contender.name: found[contender.name] for contender in contenders}


def _calls(contender: Contender, calls: int) -> int:
    """As many decisions for each, except for a single caller; never fewer calls than callers."""
    fewer = calls // ONE_CALLER_SHARE if contender.callers == 1 else calls // contender.decisions
    return max(fewer, 2 * contender.callers)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
