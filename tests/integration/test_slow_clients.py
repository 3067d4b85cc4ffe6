"""A thousand connections that give nothing, and a caller far over its limit: the others hardly notice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from actas.client import AsyncDecisionClient, Target
from actas.decision import Effect
from actas.errors import EngineError
from caller_certificates import ACTAS, Domain, Party, put, roots_pem
from service_support import AS, adopter_root, exchange, service

pytestmark = pytest.mark.slow

BLOCK_SECONDS, CALM_CALLERS, FEWEST_PAIRS, MOST_PAIRS = 2.0, 4, 4, 8
RATE, ASKED_RATE = 20, 200
CROWD = Path(__file__).with_name("slow_clients.py")


def caller(name: str, **limits: float) -> dict[str, object]:
    """Give a caller whose token is its name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "token_sha256": [digest], "authorization_servers": [AS], **limits}


class Crowd:
    """The slow clients, in a process of their own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process."""
        self.process = process

    async def tell(self, word: str) -> None:
        """Tell it `on` or `off`, and wait until that is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert (await asyncio.to_thread(self.process.stdout.readline)).strip() == word


@contextmanager
def crowd(address: str, ca: Path) -> Iterator[Crowd]:
    """Start the slow clients, and end them."""
    host, _, port = address.rpartition(":")
    command = [sys.executable, str(CROWD), host, port, str(ca)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Crowd(process)
        finally:
            process.kill()


async def calm(client: AsyncDecisionClient) -> float:
    """Ask for a while as callers do who are within their limits; give the 99th percentile in milliseconds."""
    took: list[float] = []
    end = time.monotonic() + BLOCK_SECONDS

    async def one() -> None:
        request = exchange()
        while time.monotonic() < end:
            began = time.perf_counter()
            assert (await client.decide(request)).effect is Effect.ALLOW
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(one() for _ in range(CALM_CALLERS)))
    return statistics.quantiles(took, n=100)[98]


async def greedy(client: AsyncDecisionClient, told: list[str]) -> None:
    """Ask ten times as often as it may, until cancelled."""
    request = exchange()
    while True:
        try:
            await client.decide(request)
        except EngineError as error:
            told.append(error.reason)
        await asyncio.sleep(1 / ASKED_RATE)


async def test_slow_clients_and_a_greedy_caller_do_not_slow_the_others(tmp_path: Path) -> None:
    """Their 99th percentile stays within twice what it is in the undisturbed moments between."""
    domain = Domain("example.org")
    server, ca = Party(tmp_path, "actas", domain.x509_svid(ACTAS)), put(tmp_path / "ca.pem", roots_pem(domain))
    settings = {
        "tls_cert": server.cert,
        "tls_key": server.key,
        "policies": adopter_root(tmp_path / "policies"),
        "callers": json.dumps([caller("calm"), caller("greedy", rate=RATE, burst=RATE)]),
        "workers": 2,
    }
    undisturbed: list[float] = []
    disturbed: list[float] = []
    told: list[str] = []
    async with service(tmp_path, settings) as running:
        for process in (psutil.Process(running.process.pid), *running.children()):
            # With the soft limit of a shell, often 1024, a thousand connections would lock everybody else out.
            soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
            assert soft == hard
        with crowd(running.address, ca) as slow:
            target = Target(running.address, "calm", ca_file=ca)
            async with (
                AsyncDecisionClient(target, timeout=10) as client,
                AsyncDecisionClient(Target(running.address, "greedy", ca_file=ca), timeout=10) as other,
            ):
                await calm(client)
                for pair in range(MOST_PAIRS):
                    undisturbed.append(await calm(client))
                    await slow.tell("on")
                    asking = asyncio.create_task(greedy(other, told))
                    disturbed.append(await calm(client))
                    asking.cancel()
                    await slow.tell("off")
                    if pair + 1 >= FEWEST_PAIRS and ratio(disturbed, undisturbed) <= 2:
                        break

    print(f"undisturbed {undisturbed}, disturbed {disturbed}, ratio {ratio(disturbed, undisturbed):.2f}")
    assert set(told) == {"CALLER_RATE_LIMITED"}
    assert ratio(disturbed, undisturbed) <= 2, (undisturbed, disturbed)


def ratio(disturbed: list[float], undisturbed: list[float]) -> float:
    """Compare the medians: on a machine that does other things, single blocks say little."""
    return statistics.median(disturbed) / statistics.median(undisturbed)
