"""When an answer may leave: after its receipt is durable, or after it has its place in a queue that loses nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog.testing

from actas.errors import ReceiptError
from actas.receipts.chain import ChainWriter
from actas.receipts.record import LogRecorder, Record
from actas.receipts.recorder import StoreRecorder
from actas.store import Database, StoreThread
from store_support import IDS


def record(*risk: str) -> Record:
    """Give the record of a decision in which scopes of these risk classes were asked for."""
    decision_id = IDS.new(time.time())
    return Record(decision_id, {"decision_id": decision_id, "evaluated_at": time.time()}, frozenset(risk))


@asynccontextmanager
async def recorder(
    file: Path, waits: Callable[[frozenset[str]], bool], queue: int = 100
) -> AsyncIterator[StoreRecorder]:
    """Give a recorder with the store *file*."""
    database = Database.open(f"sqlite:///{file}")
    async with StoreThread(database) as thread:
        made = StoreRecorder(thread.lane(ChainWriter("test")), LogRecorder(), waits=waits, queue=queue)
        async with made.finishing(20):
            yield made
    database.close()


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Keep the store from being written."""
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def kept(file: Path) -> list[str]:
    """Give the decisions that have a receipt, in their order."""
    rows = sqlite3.connect(file).execute("SELECT decision_id FROM receipts WHERE kind = 'decision' ORDER BY seq")
    return [row[0] for row in rows]


async def test_with_async_answers_leave_while_the_store_is_down_and_no_receipt_is_lost(tmp_path: Path) -> None:
    """They wait in memory, and are written when the store works again, each once."""
    records = [record() for _ in range(20)]
    async with recorder(tmp_path / "r.db", lambda _: False) as made:
        async with locked(tmp_path / "r.db"):
            await asyncio.gather(*(made.record(each) for each in records))
            assert kept(tmp_path / "r.db") == []

    assert sorted(kept(tmp_path / "r.db")) == sorted(each.decision_id for each in records)


async def test_a_full_queue_makes_answers_wait_and_drops_nothing(tmp_path: Path) -> None:
    """What has no place in the queue waits until it has one."""
    records = [record() for _ in range(6)]
    async with recorder(tmp_path / "r.db", lambda _: False, queue=4) as made:
        async with locked(tmp_path / "r.db"):
            left = [asyncio.create_task(made.record(each)) for each in records]
            await asyncio.sleep(0.3)
            assert sum(task.done() for task in left) == 4
        await asyncio.gather(*left)

    assert len(kept(tmp_path / "r.db")) == 6


async def test_a_risk_class_may_have_a_mode_of_its_own(tmp_path: Path) -> None:
    """Where payments wait for their receipts, other decisions need not."""
    async with recorder(tmp_path / "r.db", lambda risk: "payment" in risk) as made:
        async with locked(tmp_path / "r.db"):
            await made.record(record("external_message"))
            with pytest.raises(ReceiptError):
                await made.record(record("external_message", "payment"))


async def test_the_log_beside_a_store_does_not_say_who_it_was(tmp_path: Path) -> None:
    """What an erasure takes out of the store is not in a line that none reaches."""
    who = {"subject": {"iss": "https://as.example.com", "sub": "alice"}, "purpose": "a letter", "request_digest": "d1"}
    one = record()
    with structlog.testing.capture_logs() as lines:
        async with recorder(tmp_path / "r.db", lambda _: True) as made:
            await made.record(replace(one, document={**one.document, **who}))

    (line,) = [line for line in lines if line["event"] == "decision"]
    assert line["decision_id"] == one.decision_id
    assert not who.keys() & line.keys()
    assert kept(tmp_path / "r.db") == [one.decision_id]
