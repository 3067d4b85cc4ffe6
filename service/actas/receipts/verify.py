"""Verifies a store: every chain by itself, all of them together, and against what was said outside of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, RowMapping, select

from actas.errors import StoreError
from actas.receipts import registered, shortfall
from actas.receipts.against import Said
from actas.receipts.findings import Kind, Report
from actas.receipts.known_subjects import KnownSubjects, raw
from actas.receipts.walk import Walk, rows
from actas.revocation import log
from actas.store.schema import receipt_targets, receipts, store, writers

_SAY_EVERY = 10_000


def verify(connection: Connection, said: Said, report: Report, progress: Callable[[str], None]) -> None:
    """Add to *report* whatever is not as it was written; *progress* is told how far it is."""
    own = connection.execute(select(store)).mappings().one_or_none()
    if own is None:
        report.add(Kind.CHANGED, "the store has lost its own name")
        return
    if said.stores - {own["store_id"]}:
        report.add(Kind.OTHER_STORE, "statements are about another store, or this one was given another name")
    walks = _walked(connection, said, own, report, progress)
    known = {row["writer"]: row for row in connection.execute(select(writers)).mappings()}
    report.writers = len(walks.keys() | known.keys())
    shortfall.find(said, walks, known, own["writers"], report)
    registered.find(said, walks, known, own, report)
    _erasures(walks.values(), own, report)
    _strays(connection, report)
    _revocations(connection, report)


def _walked(
    connection: Connection, said: Said, own: RowMapping, report: Report, progress: Callable[[str], None]
) -> dict[int, Walk]:
    walks: dict[int, Walk] = {}
    known, lookup_key = KnownSubjects(connection), raw(own["lookup_key"])
    for writer in connection.execute(select(receipts.c.writer).distinct()).scalars().all():
        marks = said.marks.get(writer, [])
        walk = walks[writer] = Walk(writer, said.pruned.get(writer), report, known, lookup_key)
        walk.hashes = {mark.seq: b"" for mark in marks}
        for row, further in rows(connection, writer):
            walk.see(row, further)
            if not report.receipts % _SAY_EVERY:
                progress(f"verifying, {report.receipts} entries so far")
        report.unanchored += max(0, walk.last.seq - max(walk.hashes, default=0))
    return walks


def _erasures(walks: Iterable[Walk], own: RowMapping, report: Report) -> None:
    """Compare the salts that are gone with those of which an entry says that they were erased."""
    erased = [subject for walk in walks for subject in walk.erased]
    gone = {subject for walk in walks for subject in walk.unopened}
    for subject in sorted(gone - set(erased), key=str):
        report.add(Kind.SALT_REMOVED, f"the salt of subject {subject} is gone, and no entry says that it was erased")
    if own["erasures"] != len(erased):
        report.add(Kind.CHANGED, f"the store counts {own['erasures']} erasures, its chains {len(erased)}")


def _strays(connection: Connection, report: Report) -> None:
    """Find targets of entries that never were there; of a chain that lacks something that was said already."""
    told = {finding.writer for finding in report.findings}
    of = receipt_targets.c
    of_entry = receipt_targets.outerjoin(receipts, (receipts.c.writer == of.writer) & (receipts.c.seq == of.seq))
    asked = select(of.writer, of.seq).select_from(of_entry).where(receipts.c.seq.is_(None)).order_by(of.writer, of.seq)
    for row in connection.execute(asked.distinct()):
        if row.writer in told:
            continue
        report.add(Kind.CHANGED, f"writer {row.writer}, entry {row.seq}: it has targets, and is not there")


def _revocations(connection: Connection, report: Report) -> None:
    """Look whether what was revoked and taken back is as it was recorded."""
    try:
        for _ in log.everything(connection):
            pass
    except StoreError as error:
        report.add(Kind.CHANGED, f"the log of revocations: {error}")
