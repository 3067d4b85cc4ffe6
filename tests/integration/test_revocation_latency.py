"""How soon a revocation is seen by every worker and every replica, and what they do when they cannot see."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from actas.client import DecisionClient
from actas.client.revocation_client import RevocationClient
from postgres_support import postgres
from revocation_support import asking, codes, settings, until_refused
from service_support import RunningService, service

WORKERS = 4
REVOCATIONS = 30
STALE_SECONDS = 2.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="several workers need Linux")


async def clients_of(running: RunningService) -> list[DecisionClient]:
    """One client for each worker: a service of several workers has one Unix socket for each."""
    addresses = (await running.event("serving"))["listen"]
    assert len(addresses) == WORKERS
    return [DecisionClient(address, timeout=10, connections=1) for address in addresses]


async def _started(stack: AsyncExitStack, folder: Path, store: str, **more: float) -> RunningService:
    folder.mkdir(exist_ok=True)
    # A short path: that of a Unix socket is limited.
    given = {"listen": f"unix:{folder}/s", "workers": WORKERS, **settings(folder, store, **more)}
    return await stack.enter_async_context(service(folder, given))


async def _measured(replicas: Sequence[RunningService]) -> list[float]:
    """Revoke a token at a time at the first replica; gives the seconds until every worker of all refused it."""
    clients = [client for replica in replicas for client in await clients_of(replica)]
    # Each worker has decided before, as one that serves has.
    for client in clients:
        assert await asyncio.to_thread(codes, client, asking()) == []
    seconds = []
    with RevocationClient(replicas[0].address, timeout=30) as revokes:
        for number in range(REVOCATIONS):
            request = asking(jti=f"t-{number}")
            assert await asyncio.to_thread(codes, clients[-1], request) == []
            await asyncio.to_thread(revokes.revoke, [{"kind": "jti", "jti": f"t-{number}"}])
            seconds.append(await until_refused(clients, request, seconds=10))
    return seconds


def _tell(capsys: pytest.CaptureFixture[str], where: str, seconds: list[float]) -> float:
    ordered = sorted(seconds)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    with capsys.disabled():
        middle = ordered[len(ordered) // 2]
        print(f"\n{where}: {len(seconds)} revocations, median {middle:.3f} s, p99 {p99:.3f} s", flush=True)
    return p99


@pytest.mark.slow
async def test_a_revocation_is_seen_by_all_workers_of_two_replicas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Within a second of the answer nobody allows it any more, whoever was told."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgres())
        replicas = [await _started(stack, tmp_path / name, server.url) for name in ("a", "b")]
        assert _tell(capsys, "2 replicas of 4 workers, PostgreSQL", await _measured(replicas)) <= 1.0


@pytest.mark.slow
async def test_a_revocation_is_seen_by_all_workers_of_one_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same with a SQLite file."""
    async with AsyncExitStack() as stack:
        running = await _started(stack, tmp_path / "a", f"sqlite:///{tmp_path}/receipts.db")
        assert _tell(capsys, "1 service of 4 workers, SQLite", await _measured([running])) <= 1.0


@pytest.mark.slow
async def test_without_its_database_a_service_knows_that_it_knows_nothing(tmp_path: Path) -> None:
    """A replica that cannot hear of revocations refuses everything, and goes on when it can."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgres())
        given = settings(tmp_path, server.url, revocations_stale_after=STALE_SECONDS, receipts_mode="async")
        running = await stack.enter_async_context(service(tmp_path, given))
        asks = stack.enter_context(DecisionClient(running.address, timeout=5))
        assert codes(asks, asking()) == []
        server.kill()
        await asyncio.sleep(STALE_SECONDS + 1)
        assert codes(asks, asking()) == ["REVOCATION_STATE_UNKNOWN"]
        server.start()
        await running.event("revocation_state_fresh", seconds=60)
        assert codes(asks, asking()) == []
