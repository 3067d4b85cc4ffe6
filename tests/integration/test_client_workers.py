"""The Python clients at several real workers: each gets its share, and none of it costs a call."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actas.client import AsyncDecisionClient, DecisionClient
from workers_support import ENOUGH, REQUEST, Workers, least_share, shared_port

# A worker that is missed is found by one new connection a second, each with a chance of one half.
FOUND_SECONDS = 20.0


@pytest.fixture(scope="module")
def both() -> Iterator[Workers]:
    """Two workers that share a port."""
    with shared_port() as address, Workers(address, 2) as workers:
        workers.start(0)
        workers.start(1)
        yield workers


async def answered(client: AsyncDecisionClient, calls: int) -> Counter[str]:
    """Make *calls*, eight at a time, and count who answered."""
    seen: Counter[str] = Counter()

    async def some() -> None:
        for _ in range(calls // 8):
            seen[(await client.decide(REQUEST)).decision_id] += 1

    await asyncio.gather(*(some() for _ in range(8)))
    return seen


async def until_found(client: AsyncDecisionClient, workers: int = 2) -> None:
    """Call until each worker has answered."""
    end, seen = time.monotonic() + FOUND_SECONDS, Counter[str]()
    while len(seen) < workers:
        assert time.monotonic() < end, f"only {len(seen)} of {workers} workers were reached"
        seen += await answered(client, 16)


async def test_twenty_clients_each_give_both_workers_their_share(both: Workers) -> None:
    """Each begins anew, so that the kernel places its connections anew."""
    shares = []
    for _ in range(20):
        async with AsyncDecisionClient(both.address, timeout=10) as client:
            await until_found(client)
            shares.append(least_share(await answered(client, 400)))

    assert min(shares) >= ENOUGH, shares


def test_twenty_clients_of_several_threads_do_so_too(both: Workers) -> None:
    """The synchronous client, used by four threads at once."""
    shares = []
    for _ in range(20):
        with DecisionClient(both.address, timeout=10) as client, ThreadPoolExecutor(4) as threads:
            end, found = time.monotonic() + FOUND_SECONDS, set[str]()
            while len(found) < 2 and time.monotonic() < end:
                found.add(client.decide(REQUEST).decision_id)
            seen = Counter(decision.decision_id for decision in threads.map(client.decide, [REQUEST] * 400))
            shares.append(least_share(seen))

    assert min(shares) >= ENOUGH, shares


async def test_a_worker_that_starts_later_is_found_and_no_call_fails() -> None:
    """All connections are at one worker; they are replaced under calls that take a moment each."""
    with shared_port() as address, Workers(address, 2, seconds=0.15) as workers:
        workers.start(0)
        async with AsyncDecisionClient(address, timeout=5) as client:
            await answered(client, 64)
            second, seen = workers.start(1), Counter[str]()
            end = time.monotonic() + FOUND_SECONDS
            while not seen[second] and time.monotonic() < end:
                seen += await answered(client, 32)
            share = least_share(await answered(client, 80))

    assert share >= ENOUGH


async def test_a_worker_that_is_killed_and_back_costs_no_call() -> None:
    """Its calls are made again elsewhere; once it is back it has its share again."""
    with shared_port() as address, Workers(address, 2) as workers:
        workers.start(0)
        workers.start(1)
        async with AsyncDecisionClient(address, timeout=10) as client:
            await until_found(client)
            workers.kill(1)
            assert len(await answered(client, 400)) <= 2
            workers.start(1)
            await until_found(client)
            share = least_share(await answered(client, 400))

    assert share >= ENOUGH


async def test_workers_that_do_not_name_themselves_are_asked_as_before() -> None:
    """No connection is replaced, and none fails."""
    with shared_port() as address, Workers(address, 2, hints=False) as workers:
        workers.start(0)
        async with AsyncDecisionClient(address, timeout=10) as client:
            assert len(await answered(client, 64)) == 1
            workers.start(1)
            end = time.monotonic() + 2.5
            while time.monotonic() < end:
                assert len(await answered(client, 64)) == 1


async def test_one_socket_for_each_worker() -> None:
    """Also for a client that was there before the service was."""
    with TemporaryDirectory() as folder:
        address = f"unix:{Path(folder) / 'actas.sock'}"
        async with AsyncDecisionClient(address, timeout=10) as client:
            with Workers(address, 2) as workers:
                early = asyncio.create_task(client.decide(REQUEST))
                await asyncio.sleep(0.05)
                workers.start(0)
                workers.start(1)
                await early
                await until_found(client)
                share = least_share(await answered(client, 400))

    assert share >= ENOUGH
