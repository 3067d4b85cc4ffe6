"""The hash chain of one writer: each entry names the one before it, and its hash covers both."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, insert, select, tuple_, update

from actas.errors import StoreError
from actas.receipts import columns
from actas.receipts.entry import Entry, text_of
from actas.receipts.seal import Seal
from actas.receipts.spill import Spill
from actas.receipts.subjects import Subjects
from actas.store.schema import receipt_targets, receipts, store, writers
from actas.store.statement import Append, Statement

GENESIS = bytes(32)
"""What the first entry of a chain follows."""
_NAMES = (*columns.NAMES, "document", "prev", "hash")
_APPEND = Append(insert(receipts), _NAMES)
_APPEND_TARGET = Append(insert(receipt_targets), ("writer", "seq", "target", "evaluated_at"))
# Where several write at a time, nobody is erased between this look and our commit.
_STORE = Statement(select(store.c.store_id, store.c.lookup_key, store.c.erasures).with_for_update(read=True))
_ADVANCE = Statement(
    update(writers).where(writers.c.writer == bindparam("number")).values(seq=bindparam("seq"), head=bindparam("head"))
)

_log = structlog.get_logger("actas.receipts")


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain of *writer*; `seq` is 0 where there is none."""

    writer: int
    seq: int
    hash: bytes


def link(prev: bytes, document: bytes) -> bytes:
    """Give the hash of the entry that holds *document* and follows the one with the hash *prev*."""
    return hashlib.sha256(prev + document).digest()


def is_linked(prev: bytes, document: str, hashed: bytes) -> bool:
    """Whether *hashed* is the hash of the entry that holds *document*, whatever stands there, and follows *prev*."""
    return link(prev, document.encode("utf-8", "surrogatepass")) == hashed


class ChainWriter:
    """Appends entries to a chain of its own, which begins with its first transaction. For one thread."""

    def __init__(self, name: str, spill: Spill | None = None, observe: Callable[[str], None] = lambda _: None) -> None:
        """Choose what the writer is called, for people, and where entries go that the store does not take.

        *observe* is told of each `spill`.
        """
        self._observe = observe
        self._name = name
        self._spill = spill
        self._subjects = Subjects(b"")
        self._erasures = -1
        self._durable: Head | None = None
        self._written: Head | None = None
        self._in_doubt = False
        self._started_at = 0.0
        self.store_id = ""

    @property
    def head(self) -> Head | None:
        """The last entry that is durable; None before the first."""
        return self._durable

    def write(self, connection: Connection, items: Sequence[Entry]) -> None:
        """Append *items*; those of them that come back from a spill file only where they are not there yet."""
        # First what changes the store's row: two that look at it first would wait for each other.
        head = self._begun(connection)
        erasures = self._store(connection)
        if self._erasures != erasures:
            self._subjects.forget()
            self._erasures = erasures
        if any(entry.again for entry in items):
            items = _missing(connection, items)
        seals = self._subjects.resolve(connection, {entry.party for entry in items if entry.sealed})
        rows, targets = [], []
        if head.seq == 0:
            items = [self._start(head.writer), *items]
        for entry in items:
            row, document, head = _row(entry, head, seals.get(entry.party))
            rows.append(row)
            targets += [
                (head.writer, head.seq, target, document["evaluated_at"])
                for target in columns.further_targets(document)
            ]
        if rows:
            _APPEND.run(connection, rows)
            _ADVANCE.run(connection, {"number": head.writer, "seq": head.seq, "head": head.hash})
        if targets:
            _APPEND_TARGET.run(connection, targets)
        self._written = head

    def settled(self, *, committed: bool) -> None:
        """Learn whether what was written last is durable. Where it is not said so, it may be nevertheless."""
        if committed:
            self._durable = self._written
        self._in_doubt = not committed

    def rescued(self, items: Sequence[Entry]) -> bool:
        """Spill *items* where that is wanted, and say whether they are durable there."""
        if self._spill is None:
            return False
        try:
            self._spill.keep(items)
        except StoreError as error:
            _log.error("spill_failed", problem=str(error))
            return False
        self._observe("spill")
        return True

    def _store(self, connection: Connection) -> int:
        """Learn which store it is, and give how many subjects were erased there."""
        store_id, lookup_key, erasures = _STORE.run(connection).fetchone()
        if store_id != self.store_id:
            self.store_id = store_id
            self._subjects = Subjects(bytes(lookup_key))
        return int(erasures)

    def _begun(self, connection: Connection) -> Head:
        """Give the head to follow, of a chain that is begun where there is none that is surely ours."""
        if self._in_doubt:
            self._durable = self._recovered(connection)
            self._in_doubt = False
        if self._durable is not None:
            return self._durable
        number = connection.execute(
            update(store).values(writers=store.c.writers + 1).returning(store.c.writers)
        ).scalar_one()
        self._started_at = time.time()
        connection.execute(
            insert(writers).values(
                writer=number, name=self._name, started_at=self._started_at, seq=0, head=GENESIS, checkpointed=0
            )
        )
        return Head(number, 0, GENESIS)

    def _recovered(self, connection: Connection) -> Head | None:
        """Find out whether the transaction of unknown fate is there; None where the store says neither."""
        for head in (self._written, self._durable):
            if head is None:
                continue
            asked = select(writers.c.seq, writers.c.head).where(writers.c.writer == head.writer)
            found = connection.execute(asked).one_or_none()
            if found is not None and (found.seq, bytes(found.head)) == (head.seq, head.hash):
                return head
        return None

    def _start(self, writer: int) -> Entry:
        document = {"evaluated_at": self._started_at, "name": self._name, "store_id": self.store_id}
        return Entry("start", f"writer-{writer}", document, {})


def _missing(connection: Connection, items: Sequence[Entry]) -> list[Entry]:
    names = [(entry.decision_id, entry.kind, entry.part) for entry in items]
    key = tuple_(receipts.c.decision_id, receipts.c.kind, receipts.c.part)
    there = {tuple(row) for row in connection.execute(select(*key.clauses).where(key.in_(names)))}
    kept: dict[tuple[str, str, str], Entry] = {}
    for name, entry in zip(names, items, strict=True):
        if name not in there:
            kept.setdefault(name, entry)
    return list(kept.values())


def _row(entry: Entry, head: Head, seal: Seal | None) -> tuple[tuple[Any, ...], dict[str, Any], Head]:
    document: dict[str, Any] = {"writer": head.writer, "seq": head.seq + 1, "kind": entry.kind, "part": entry.part}
    document |= {**entry.document, "decision_id": entry.decision_id}
    if entry.sealed:
        if seal is None:
            raise StoreError("a subject has no seal")
        document["sealed"] = seal.close(entry.sealed, entry.decision_id)
    content = text_of(document)
    reached = Head(head.writer, head.seq + 1, link(head.hash, content))
    values = (*columns.derive(document), content.decode(), head.hash, reached.hash)
    return values, document, reached
