"""Walks the entries of one chain, and finds what does not follow from the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from actas.receipts import columns
from actas.receipts.chain import GENESIS, Head, is_linked
from actas.receipts.entry import value_of
from actas.receipts.findings import Kind, Report
from actas.receipts.known_subjects import KnownSubjects, raw
from actas.receipts.seal import BrokenSealError
from actas.receipts.subjects import party_lookup, sub_lookup
from actas.store.schema import receipt_targets, receipts

_PAGE = 1000
Row = tuple[RowMapping, list[tuple[str, float]]]
"""An entry, and its targets besides the first with their times."""


def rows(connection: Connection, writer: int) -> Iterator[Row]:
    """Give the entries of *writer* in the order of their numbers."""
    of_writer, seq = receipts.c.writer == writer, None
    while True:
        asked = select(receipts).where(of_writer if seq is None else of_writer & (receipts.c.seq > seq))
        page = connection.execute(asked.order_by(receipts.c.seq).limit(_PAGE)).mappings().all()
        if not page:
            return
        further = _further(connection, writer, page[0]["seq"], page[-1]["seq"])
        yield from ((row, further.get(row["seq"], [])) for row in page)
        seq = page[-1]["seq"]


class Walk:
    """The entries of the chain of one *writer*, of which the beginning up to *pruned* was deleted on purpose."""

    def __init__(
        self, writer: int, pruned: Head | None, report: Report, known: KnownSubjects, lookup_key: bytes
    ) -> None:
        self.writer = writer
        self._pruned = pruned
        self._report = report
        self._known = known
        self._lookup_key = lookup_key
        self.last = Head(writer, 0, GENESIS) if pruned is None else pruned
        """The last entry there is, or was before the beginning was deleted."""
        self.hashes: dict[int, bytes] = {}
        """The hashes of the entries that are asked for: the keys are given before the walk."""
        self.changed: set[int] = set()
        """The numbers of entries that are not as they were written."""
        self.start: dict[str, Any] = {}
        self.erased: list[str] = []
        """The random names of subjects that an entry says were erased."""
        self.unopened: set[str] = set()
        """Those without a salt, under which something is sealed."""
        self._first = True

    def see(self, row: RowMapping, further: list[tuple[str, float]]) -> None:
        """Look at the next entry."""
        self._report.receipts += 1
        seq, prev, hashed = row["seq"], raw(row["prev"]), raw(row["hash"])
        if not isinstance(seq, int) or seq < 1:
            self._changed(0, "an entry has a number that was never given")
            return
        document = _document(row)
        if document is None or not is_linked(prev, row["document"], hashed):
            self._changed(seq, "it is not the one that was written")
        elif (document["writer"], document["seq"]) != (self.writer, seq):
            self._found(Kind.REORDERED, seq, f"it was entry {document['seq']} of writer {document['writer']}")
        elif not _derived(row, document, further):
            self._changed(seq, "what it is looked up by is not what it says")
        else:
            try:
                self._open(document, seq)
            except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
                # Whoever makes a chain anew can write anything into it.
                self._changed(seq, "it says what no entry says")
        self._follow(seq, prev)
        if seq in self.hashes:
            self.hashes[seq] = hashed
        self.last, self._first = Head(self.writer, seq, hashed), False

    def _follow(self, seq: int, prev: bytes) -> None:
        expected = self.last.seq + 1
        if self._first and self._pruned is not None and seq < expected:
            # Who deletes the beginning says so first, and may have been interrupted.
            return
        if seq > expected:
            missing = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
            self._report.add(Kind.REMOVED, f"writer {self.writer}: {missing} missing", writer=self.writer, seq=expected)
        elif prev != self.last.hash:
            self._changed(seq, "it does not follow the entry before it")

    def _open(self, document: dict[str, Any], seq: int) -> None:
        if document["kind"] == "start":
            self.start = {name: document[name] for name in ("name", "evaluated_at", "store_id")}
        elif document["kind"] == "erasure":
            self.erased += map(str, document["subjects"])
        sealed = document.get("sealed")
        if sealed is None:
            return
        subject = self._known.get(sealed["subject"])
        if subject is None:
            self.unopened.add(sealed["subject"])
            return
        try:
            opened = subject.seal.open(sealed, document["decision_id"])
        except BrokenSealError:
            self._changed(seq, "the salt of its subject is not the one that it was sealed under")
            return
        if document["kind"] == "decision" and (subject.sub_lookup, subject.party_lookup) != self._party(opened):
            self._changed(seq, "its subject is found by something else than who it is")

    def _party(self, opened: dict[str, Any]) -> tuple[bytes, bytes]:
        """Give what the subject of an entry is found by."""
        who = opened.get("subject", {})
        party = (who.get("iss", ""), who.get("sub", ""))
        return sub_lookup(self._lookup_key, party[1]), party_lookup(self._lookup_key, party)

    def _changed(self, seq: int, what: str) -> None:
        self.changed.add(seq)
        self._found(Kind.CHANGED, seq, what)

    def _found(self, kind: Kind, seq: int, what: str) -> None:
        self._report.add(kind, f"writer {self.writer}, entry {seq}: {what}", writer=self.writer, seq=seq)


def _document(row: RowMapping) -> dict[str, Any] | None:
    try:
        document = value_of(row["document"])
        columns.derive(document)
        columns.further_targets(document)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None
    return document if isinstance(document, dict) and isinstance(row["document"], str) else None


def _derived(row: RowMapping, document: dict[str, Any], further: list[tuple[str, float]]) -> bool:
    if columns.derive(document) != tuple(row[name] for name in columns.NAMES):
        return False
    return further == [(target, document["evaluated_at"]) for target in columns.further_targets(document)]


def _further(connection: Connection, writer: int, first: object, last: object) -> dict[object, list[tuple[str, float]]]:
    those = (receipt_targets.c.writer == writer) & receipt_targets.c.seq.between(first, last)
    found: dict[object, list[tuple[str, float]]] = {}
    for row in connection.execute(select(receipt_targets).where(those)):
        found.setdefault(row.seq, []).append((row.target, row.evaluated_at))
    return {seq: sorted(pairs, key=str) for seq, pairs in found.items()}
