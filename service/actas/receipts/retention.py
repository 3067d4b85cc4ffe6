"""Deletes the beginnings of chains that are older than is wanted, and says so first, signed, outside of the store.

The rest of a chain stays as it is. Whoever deletes without such a statement is found by `verify`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from sqlalchemy import Connection, and_, delete, func, or_, select

from actas.errors import StoreError
from actas.evidence.signing import SigningKey
from actas.receipts import statements, subjects
from actas.receipts.chain import ChainWriter, Head
from actas.receipts.entry import Entry
from actas.receipts.statements import Sink
from actas.store import Database
from actas.store.schema import receipt_targets, receipts, store

# Others wait as long as one transaction takes.
_AT_ONCE = 500
_PAUSE_SECONDS = 0.02


def prune(
    database: Database, before: float, key: SigningKey, sink: Sink, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Delete what was decided *before* a time in seconds since the epoch, and give how many entries that were.

    An entry that says that a subject was erased stays, and so does what follows it in its chain.

    Raises:
        StoreError: the store or the sink failed; what was said may then be deleted later.

    """
    with database.reading() as connection:
        store_id = str(connection.execute(select(store.c.store_id)).scalar_one())
        ends = [end for writer, first in _beginnings(connection) if (end := _end(connection, writer, first, before))]
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


def _beginnings(connection: Connection) -> list[tuple[int, int]]:
    asked = select(receipts.c.writer, func.min(receipts.c.seq)).group_by(receipts.c.writer)
    return [(row[0], row[1]) for row in connection.execute(asked)]


def _end(connection: Connection, writer: int, first: int, before: float) -> Head | None:
    """Give the last entry that goes, with all before it."""
    of_writer = receipts.c.writer == writer
    stays = or_(receipts.c.evaluated_at >= before, receipts.c.kind == "erasure")
    asked = select(receipts.c.seq).where(and_(of_writer, stays)).order_by(receipts.c.seq).limit(1)
    kept = connection.execute(asked).scalar_one_or_none()
    if kept is None:
        last = connection.execute(select(func.max(receipts.c.seq)).where(of_writer)).scalar_one()
    else:
        last = kept - 1
    if last < first:
        return None
    found = connection.execute(select(receipts.c.hash).where(of_writer & (receipts.c.seq == last))).scalar_one_or_none()
    if found is None:
        raise StoreError(f"entry {last} of writer {writer} is missing: verify the store before anything is deleted")
    return Head(writer, last, bytes(found))


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
