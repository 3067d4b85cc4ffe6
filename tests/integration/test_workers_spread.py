"""`actas serve --workers 2` and our client: each worker decides at least 35 % of what is asked.

Who decided is what the service itself says, in the trailing metadata of each answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kc_actas import Actas

from actas.client import AsyncDecisionClient
from actas.client.hint import Told, worker
from actas.client.spread import Lane, Spread
from actas.decision import Effect
from service_support import adopter_root, exchange
from workers_support import ENOUGH

FOUND_SECONDS = 20.0


class Counted:
    """A client's connections, with a count of the hints that came back over them."""

    def __init__(self, spread: Spread[Any]) -> None:
        """Count beside *spread*, which goes on as it is."""
        self._spread = spread
        self.hints: Counter[Told] = Counter()

    def take(self) -> Lane[Any]:
        """Choose as the client does."""
        return self._spread.take()

    def give_back(self, lane: Lane[Any], told: Told) -> Sequence[Lane[Any]]:
        """Count, and take note as the client does."""
        self.hints[told] += 1
        return self._spread.give_back(lane, told)

    def end(self) -> list[Lane[Any]]:
        """End as the client does."""
        return self._spread.end()


async def share_of_a_fresh_client(address: str, calls: int = 400) -> float:
    """Find both workers, then give the share of the one that decided less."""
    async with AsyncDecisionClient(address, timeout=10) as client:
        counted: Any = Counted(client._spread)
        client._spread = counted

        async def some(count: int) -> None:
            for _ in range(count):
                assert (await client.decide(exchange())).effect is Effect.ALLOW

        end = time.monotonic() + FOUND_SECONDS
        while len(counted.hints) < 2:
            assert time.monotonic() < end, counted.hints
            await asyncio.gather(*(some(2) for _ in range(8)))
        counted.hints.clear()
        await asyncio.gather(*(some(calls // 8) for _ in range(8)))
        assert all(worker(told) in {(0, 2), (1, 2)} for told in counted.hints), counted.hints
        return min(counted.hints.values()) / counted.hints.total()


@pytest.fixture(scope="module")
def sockets() -> Iterator[Path]:
    """Give a folder whose path is short enough for a socket."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, sockets: Path) -> Iterator[Actas]:
    """Serve with two workers, on a port and on one Unix socket for each."""
    root = adopter_root(tmp_path_factory.mktemp("two") / "policies")
    flags = ["--workers", "2", "--listen", f"unix:{sockets}/actas.sock"]
    with Actas(policies=[root], extra=flags) as running:
        yield running


@pytest.fixture(params=["tcp", "unix"])
def address(request: pytest.FixtureRequest, serving: Actas, sockets: Path) -> str:
    """Give the address for a client."""
    return f"unix:{sockets}/actas.sock" if request.param == "unix" else serving.address


async def test_twenty_fresh_clients_give_each_worker_its_share(address: str) -> None:
    """Every one of them; each has the kernel place its connections anew."""
    shares = [await share_of_a_fresh_client(address) for _ in range(20)]

    assert min(shares) >= ENOUGH, shares
