"""What a service does for its receipts every hour: what is too old is deleted, and a failure is not the end of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from actas.receipts.statements import Sink
from actas.server import receipt_upkeep
from actas.server.receipt_upkeep import Signed
from actas.store import Database
from actas.store.schema import receipts
from store_support import Filled, filled

DAYS = 7
WITHIN_SECONDS = 30


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filled:
    """A store whose receipts are older than the service keeps them, but for the last one of each writer."""
    monkeypatch.setattr(receipt_upkeep, "_FIRST_RETENTION_SECONDS", 0.0)
    monkeypatch.setattr(receipt_upkeep, "_RETENTION_SECONDS", 0.05)
    made = filled(tmp_path / "store", writers=2, each=8)
    time.sleep(0.01)
    now = time.time() + DAYS * 86400
    monkeypatch.setattr(receipt_upkeep, "time", SimpleNamespace(time=lambda: now))
    for writer in made.writers:
        made.write(writer, 1)
    return made


def kept(store: Filled) -> int:
    """Count the entries that are there."""
    database = Database.open(store.url, migrate=False)
    with database.reading() as connection:
        count: int = connection.execute(select(func.count()).select_from(receipts)).scalar_one()
    database.close()
    return count


async def retained(store: Filled, signed: Signed, failures: list[Path]) -> None:
    """Run the task until one entry of each writer is left; directories of *failures* are made after its first try."""
    database = Database.open(store.url, migrate=False)
    task = asyncio.create_task(receipt_upkeep.retain(database, signed, DAYS))
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while kept(store) > len(store.writers):
                await asyncio.sleep(0.2)
                for folder in failures:
                    folder.mkdir(exist_ok=True)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        database.close()


def test_what_is_older_than_the_configured_days_is_deleted(store: Filled) -> None:
    """With a signed statement, so that what is left is whole; what is younger stays."""
    assert kept(store) == 2 * (1 + 1 + 8 + 1)

    asyncio.run(retained(store, Signed(store.key, store.sink), []))

    assert kept(store) == 2
    assert store.kinds() == set()
    assert store.kinds(anchored=False) == {"removed"}


def test_nothing_goes_while_the_statement_cannot_be_kept(store: Filled, tmp_path: Path) -> None:
    """The next round does it, without a restart."""
    elsewhere = tmp_path / "sink"

    with capture_logs() as log:
        asyncio.run(retained(store, Signed(store.key, Sink(elsewhere / "said.jws")), [elsewhere]))

    assert log[0]["event"] == "retention_failed"
    assert kept(store) == 2
