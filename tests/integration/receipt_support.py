"""Stores with receipts in them, for tests of what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from actas.receipts.chain import ChainWriter
from actas.receipts.entry import Entry
from actas.receipts.kept import KeptReceipt
from actas.receipts.record import Record
from actas.store import Database
from postgres_support import postgres

KINDS = ["sqlite", "postgresql"]


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """Open an empty store of that *kind*."""
    if kind == "sqlite":
        with closing(Database.open(f"sqlite:///{folder}/receipts.db")) as database:
            yield database
        return
    with postgres("fsync=on") as server, closing(Database.open(server.url)) as database:
        yield database


@contextmanager
def closing(database: Database) -> Iterator[Database]:
    """Close *database* in the end."""
    try:
        yield database
    finally:
        database.close()


def fill(database: Database, receipts: Iterable[KeptReceipt], *, name: str = "test") -> ChainWriter:
    """Write *receipts* as one process would; their places are those of the chain."""
    writer = ChainWriter(name)
    entries = [Entry.of(Record(receipt.decision_id, receipt.document)) for receipt in receipts]
    with database.writing() as connection:
        writer.write(connection, entries)
    writer.settled(committed=True)
    return writer
