"""Deletes the beginnings of chains that are older than is wanted, and says so first, signed, outside of the store.

The rest of a chain stays as it is. Whoever deletes without such a statement is found by `verify`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from actas.errors import StoreError
from actas.evidence.signing import SigningKey
from actas.receipts import statements, subjects
from actas.receipts.chain import ChainWriter, Head, is_linked
from actas.receipts.entry import Entry, value_of
from actas.receipts.statements import Sink
from actas.store import Database
from actas.store.schema import receipt_targets, receipts, store

# Others wait as long as one transaction takes.
_AT_ONCE = 500
_PAUSE_SECONDS = 0.02
_SCRUBS = 10


def prune(
    database: Database, before: float, key: SigningKey, sink: Sink, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Delete what was decided *before* a time in seconds since the epoch, and give how many entries that were.

    An entry that says that a subject was erased stays, and so does what follows it in its chain.

    Raises:
        StoreError: the store or the sink failed, and what was said may then be deleted later; or an entry that would
            go is not as it was written, and then nothing is said or deleted.

    """
    with database.reading() as connection:
        store_id = str(connection.execute(select(store.c.store_id)).scalar_one())
        beginnings = _beginnings(connection)
    ends = [end for writer, first in beginnings if (end := _end(database, writer, first, before))]
    if not ends:
        return 0
    sink.add(statements.of("pruning", store_id, ends), key)
    deleted = 0
    for end in ends:
        while count := _delete(database, end):
            deleted += count
            progress(f"deleted {deleted} receipts")
            time.sleep(_PAUSE_SECONDS)
    return deleted


def erase_subject(database: Database, name: str, sub: str, iss: str | None = None) -> int:
    """Erase who *sub* is, at *iss* or anywhere, and give how many parties that were; *name* is the writer's.

    The salts are deleted, so that nobody can read or show whose receipts they are; each chain stays whole.
    Raises StoreError.
    """
    writer = ChainWriter(name)
    with database.writing() as connection:
        found = subjects.find(connection, sub, iss)
        if found:
            subjects.erase(connection, found)
            document = {"evaluated_at": time.time(), "subjects": found}
            writer.write(connection, [Entry("erasure", f"erasure-{secrets.token_hex(16)}", document, {})])
    return len(found)


def is_scrubbed(database: Database) -> bool:
    """Have erased salts leave the store's own files, and say whether they have; raises StoreError.

    Who reads the store at that moment keeps them there; a few tries find a moment when nobody does.
    """
    for _ in range(_SCRUBS):
        if database.scrub():
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def _beginnings(connection: Connection) -> list[tuple[int, int]]:
    asked = select(receipts.c.writer, func.min(receipts.c.seq)).group_by(receipts.c.writer)
    return [(row[0], row[1]) for row in connection.execute(asked)]


def _end(database: Database, writer: int, first: int, before: float) -> Head | None:
    """Give the last entry that goes, with all before it.

    That is said by the documents, which the chain runs over, and by no column: whoever could make a column older would
    have the deletion of young receipts signed by us. Raises StoreError where one is not as it was written.
    """
    end, seq, most = None, first - 1, 1
    while True:
        with database.reading() as connection:
            of = receipts.c
            asked = select(of.seq, of.prev, of.hash, of.document).where(of.writer == writer, of.seq > seq)
            page = connection.execute(asked.order_by(of.seq).limit(most)).all()
        for row in page:
            document = _as_written(row, writer, seq + 1, end)
            if float(document["evaluated_at"]) >= before or document["kind"] == "erasure":
                return end
            end, seq = Head(writer, row.seq, bytes(row.hash)), row.seq
        if not page:
            return end
        # Of most chains the first entry stays.
        most = _AT_ONCE
        time.sleep(_PAUSE_SECONDS)


def _as_written(row: Row[Any, Any, Any, Any], writer: int, seq: int, before: Head | None) -> dict[str, Any]:
    """Give the document of entry *seq*, which follows *before* where that is known; raises StoreError."""
    advice = "verify the store before anything is deleted"
    if row.seq != seq:
        raise StoreError(f"entry {seq} of writer {writer} is missing: {advice}")
    # Whoever writes there may have left anything.
    with suppress(ArithmeticError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        document: dict[str, Any] = value_of(row.document)
        follows = before is None or row.prev == before.hash
        is_written = is_linked(row.prev, row.document, row.hash)
        if follows and is_written and (document["writer"], document["seq"]) == (writer, seq):
            float(document["evaluated_at"])
            return document
    raise StoreError(f"entry {seq} of writer {writer} is not as it was written: {advice}")


def _delete(database: Database, end: Head) -> int:
    with database.writing() as connection:
        of_writer = receipts.c.writer == end.writer
        first = connection.execute(select(func.min(receipts.c.seq)).where(of_writer)).scalar_one_or_none()
        if first is None or first > end.seq:
            return 0
        last = min(first + _AT_ONCE - 1, end.seq)
        for table in (receipts, receipt_targets):
            done = connection.execute(delete(table).where((table.c.writer == end.writer) & (table.c.seq <= last)))
            if table is receipts:
                count = done.rowcount
        return count
