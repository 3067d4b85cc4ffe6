"""A service with a store: every answered decision has its receipt, whatever happens to the store or the service."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text

from actas.client import AsyncDecisionClient
from actas.errors import ActasError
from actas.evidence.signing import new_key
from postgres_support import postgres
from service_support import RunningService, adopter_root, exchange, service, until

Ids = list[str]


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    """Give the settings of a service with a SQLite file in *folder*."""
    root = folder / "policies"
    if not root.exists():
        root.mkdir()
        adopter_root(root)
    return {"policies": root, "receipts": f"sqlite:///{folder}/receipts.db", **more}


def kept(url: str) -> Counter[str]:
    """Count the receipts of each decision."""
    driver = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(driver)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT decision_id FROM receipts WHERE kind = 'decision'"))
        found = Counter(rows.scalars())
    engine.dispose()
    return found


async def ask(address: str, answered: Ids, *, until_set: asyncio.Event, refused: list[str] | None = None) -> None:
    """Ask again and again, and note the decisions that were answered."""
    async with AsyncDecisionClient(address, connections=1) as client:
        while not until_set.is_set():
            try:
                answered.append((await client.decide(exchange())).decision_id)
            except ActasError as error:
                if refused is not None:
                    refused.append(str(error))
                await asyncio.sleep(0.02)


def workers_of(running: RunningService) -> list[psutil.Process]:
    """Give the workers that live, but for one that nobody has buried yet."""
    found = []
    for child in running.children():
        with contextlib.suppress(psutil.Error):
            if any("workers.worker" in word for word in child.cmdline()):
                found.append(child)
    return found


async def answers(running: RunningService, count: int = 1) -> Ids:
    """Give the decisions of so many answers."""
    async with AsyncDecisionClient(running.address) as client:
        return [(await client.decide(exchange())).decision_id for _ in range(count)]


def test_every_decision_has_a_receipt_whichever_worker_made_it(tmp_path: Path) -> None:
    """Allow and deny, from two workers at once: one receipt each, and what is kept is verified."""

    async def main() -> tuple[Ids, Ids]:
        async with service(tmp_path, settings(tmp_path, workers=2)) as running:
            async with AsyncDecisionClient(running.address) as client:
                allowed = await asyncio.gather(*(client.decide(exchange()) for _ in range(40)))
                denied = await client.decide(exchange(scope="mail.delete"))
        return [decision.decision_id for decision in allowed], [denied.decision_id]

    allowed, denied = asyncio.run(main())
    assert kept(f"sqlite:///{tmp_path}/receipts.db") == Counter([*allowed, *denied])
    verified = [sys.executable, "-m", "actas", "receipts", "verify", "--receipts", f"sqlite:///{tmp_path}/receipts.db"]
    assert subprocess.run(verified, capture_output=True, check=False).returncode == 0


def test_while_the_store_is_locked_nothing_is_answered(tmp_path: Path) -> None:
    """Somebody holds the file: no answer leaves, and when he lets go, all is as before."""

    async def main() -> Ids:
        async with service(tmp_path, settings(tmp_path)) as running:
            answered = await answers(running)
            holder = sqlite3.connect(tmp_path / "receipts.db", isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                with pytest.raises(ActasError):
                    await answers(running)
            holder.execute("ROLLBACK")
            async with asyncio.timeout(30):
                while len(answered) < 2:
                    try:
                        answered += await answers(running)
                    except ActasError:
                        await asyncio.sleep(0.1)
            return answered

    assert set(asyncio.run(main())) <= kept(f"sqlite:///{tmp_path}/receipts.db").keys()


def test_on_a_full_disk_nothing_is_answered_until_there_is_room(tmp_path: Path) -> None:
    """The file may not grow any more: no answer without its receipt, and recovery without anybody's help."""

    async def main() -> Ids:
        async with service(tmp_path, settings(tmp_path)) as running:
            answered = await answers(running, 3)
            size = max((tmp_path / name).stat().st_size for name in ("receipts.db", "receipts.db-wal"))
            # What a full disk does to a write, for one process and at once.
            before = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            refused = 0
            async with asyncio.timeout(60):
                while refused < 3:
                    try:
                        answered += await answers(running)
                    except ActasError:
                        refused += 1
            resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, before)
            async with asyncio.timeout(30):
                while True:
                    try:
                        return answered + await answers(running)
                    except ActasError:
                        await asyncio.sleep(0.1)

    answered = asyncio.run(main())
    assert Counter(answered) <= kept(f"sqlite:///{tmp_path}/receipts.db")


@pytest.mark.slow
def test_postgresql_may_be_killed_in_the_middle_of_the_load(tmp_path: Path) -> None:
    """Whatever was answered before, during and after has its one receipt; it comes back by itself."""

    async def main(url: str) -> tuple[Ids, list[str]]:
        answered: Ids = []
        refused: list[str] = []
        stop = asyncio.Event()
        async with service(tmp_path, settings(tmp_path, receipts=url, workers=2)) as running:
            asking = [
                asyncio.create_task(ask(running.address, answered, until_set=stop, refused=refused)) for _ in range(16)
            ]
            for _ in range(2):
                seen = len(answered)
                await until(lambda: len(answered) > seen + 50, 60)  # noqa: B023 - it is awaited here
                await asyncio.to_thread(server.kill)
                seen = len(refused)
                await until(lambda: len(refused) > seen + 16, 60)  # noqa: B023
                await asyncio.to_thread(server.start)
            seen = len(answered)
            await until(lambda: len(answered) > seen + 50, 60)
            stop.set()
            await asyncio.gather(*asking)
        return answered, refused

    with postgres() as server:
        answered, refused = asyncio.run(main(server.url))
        found = kept(server.url)
    assert refused
    assert len(answered) > 150
    assert [name for name in answered if found[name] != 1] == []
    assert max(found.values()) == 1


@pytest.mark.slow
def test_what_is_spilled_while_the_store_is_down_comes_back_once(tmp_path: Path) -> None:
    """With `spill` answers leave without the store, and their receipts are there when it is, also after a kill -9."""

    async def main(url: str) -> Ids:
        (tmp_path / "spill").mkdir()
        given = settings(tmp_path, receipts=url, receipts_on_failure="spill", receipts_spill=tmp_path / "spill")
        async with service(tmp_path, given) as running:
            answered = await answers(running, 5)
            await asyncio.to_thread(server.kill)
            answered += await answers(running, 20)
            running.process.kill()
            running.process.wait()
            assert list((tmp_path / "spill").iterdir())
        await asyncio.to_thread(server.start)
        async with service(tmp_path, given) as running:
            answered += await answers(running, 5)
            await until(lambda: not list((tmp_path / "spill").iterdir()), 30)
        return answered

    with postgres() as server:
        answered = asyncio.run(main(server.url))
        assert kept(server.url) == Counter(answered)


@pytest.mark.slow
def test_no_kill_loses_or_doubles_a_receipt(tmp_path: Path) -> None:
    """A worker is killed 47 times, and the whole service 3 times, while 32 callers ask: nothing answered is lost."""
    kills, key = 0, new_key()
    (tmp_path / "key.pem").write_bytes(key.pem())
    (tmp_path / "jwks.json").write_text(key.public_keys())
    signed: dict[str, Any] = {
        "receipts_checkpoint_key": tmp_path / "key.pem",
        "receipts_checkpoints": tmp_path / "sink.jws",
    }
    signed["receipts_checkpoint_seconds"] = 0.5

    async def one_service(count: int) -> Ids:
        nonlocal kills
        answered: Ids = []
        stop = asyncio.Event()
        async with service(tmp_path, settings(tmp_path, workers=2, **signed)) as running:
            asking = [asyncio.create_task(ask(running.address, answered, until_set=stop)) for _ in range(32)]
            for _ in range(count):
                seen = len(answered)
                await until(lambda: len(answered) > seen + 10, 60)  # noqa: B023 - it is awaited here
                alive = workers_of(running)
                alive[kills % len(alive)].send_signal(signal.SIGKILL)
                kills += 1
            seen = len(answered)
            await until(lambda: len(answered) > seen + 10, 60)
            running.process.kill()
            kills += 1
            stop.set()
            await asyncio.gather(*asking)
        return answered

    answered: Ids = []
    for workers in (16, 16, 15):
        answered += asyncio.run(one_service(workers))
    found = kept(f"sqlite:///{tmp_path}/receipts.db")
    assert kills == 50
    assert [name for name in answered if found[name] != 1] == []
    assert max(found.values()) == 1
    # Nobody's death looks like an attack.
    verified = [sys.executable, "-m", "actas", "receipts", "verify", "--receipts", f"sqlite:///{tmp_path}/receipts.db"]
    verified += ["--against", str(tmp_path / "sink.jws"), "--key", str(tmp_path / "jwks.json")]
    assert subprocess.run(verified, capture_output=True, check=False).returncode == 0
