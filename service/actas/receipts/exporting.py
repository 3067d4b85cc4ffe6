"""Everything that is kept, entry by entry of each chain, from wherever an earlier export ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from actas.receipts import documents
from actas.receipts.entry import value_of
from actas.store import Database
from actas.store.schema import receipts, store, writers

BATCH: Final = 500
"""How many entries are read at a time."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Some entries of one chain in their order, and *seq* of the last one.

    Each has `writer`, `seq`, `kind` and `part` besides its members; what is sealed is open unless it was erased.
    """

    writer: int
    seq: int
    entries: tuple[Mapping[str, Any], ...]


def store_id(database: Database) -> str:
    """Give the store's own name; raises StoreError."""
    with database.reading() as connection:
        return str(connection.execute(select(store.c.store_id)).scalar_one())


def export(database: Database, after: Mapping[int, int]) -> Iterator[Exported]:
    """Give what each chain has after the entry number that *after* has for its writer; raises StoreError.

    What is written meanwhile is left to the next time. Within a chain nothing is ever added before what is there, so
    nothing is missed and nothing comes twice.
    """
    with database.reading() as connection:
        heads = connection.execute(select(writers.c.writer, writers.c.seq).order_by(writers.c.writer)).all()
    for writer, head in heads:
        seq = after.get(writer, 0)
        while seq < head:
            with database.reading() as connection:
                batch = _batch(connection, writer, seq, head)
            if batch is None:
                break
            yield batch
            seq = batch.seq


def _batch(connection: Connection, writer: int, after: int, head: int) -> Exported | None:
    of = receipts.c
    chosen = select(of.seq, of.document).where(of.writer == writer, of.seq > after, of.seq <= head)
    rows = connection.execute(chosen.order_by(of.seq).limit(BATCH)).all()
    if not rows:
        return None
    found = [value_of(row.document) for row in rows]
    seals = documents.seals_of(connection, found)
    return Exported(
        writer,
        rows[-1].seq,
        tuple({**documents.place_of(document), **documents.unsealed(document, seals)} for document in found),
    )
