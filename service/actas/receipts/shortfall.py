"""What is less than was said outside of the store, or other: cut off, deleted, restored from a copy, or recomputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping

from actas.receipts.against import Mark, Said
from actas.receipts.findings import Kind, Report
from actas.receipts.known_subjects import raw
from actas.receipts.walk import Walk
from actas.timestamps import render


@dataclass(frozen=True, slots=True)
class _Short:
    """A writer whose chain ends before what was said of it; *missing* is the first statement that it does not reach."""

    writer: int
    reached: int
    missing: Mark
    older: bool
    """Whether all that the store says about the writer is what it once was."""


def find(
    said: Said, walks: Mapping[int, Walk], known: Mapping[int, RowMapping], numbered: object, report: Report
) -> None:
    """Compare the chains with the statements; *numbered* is how many writers the store has given numbers."""
    for writer, walk in walks.items():
        _recomputed(walk, said.marks.get(writer, []), report)
    _pruned_otherwise(said, report)
    short = [
        found
        for writer, marks in said.marks.items()
        if (found := _short(writer, marks, said, walks.get(writer), known.get(writer), numbered)) is not None
    ]
    older = [found for found in short if found.older]
    restored = bool(older) and not _went_on(said, {found.writer for found in short}, min(f.missing.at for f in older))
    for found in short:
        if restored and found.older:
            continue
        what = "nothing" if found.reached == 0 else f"entries up to {found.reached}"
        kind = Kind.DELETED_WRITER if found.reached == 0 else Kind.CUT_OFF
        message = f"writer {found.writer} has {what}, and entry {found.missing.seq} was there {_when(found.missing)}"
        report.add(kind, message, writer=found.writer, seq=found.missing.seq)
    if restored:
        first = min((found.missing for found in older), key=lambda mark: mark.at)
        report.add(
            Kind.RESTORED_COPY,
            f"the store is an old copy, from before {_when(first)}: what {len(older)} writers wrote since is missing",
            writer=older[0].writer,
            seq=older[0].missing.seq,
        )


def _recomputed(walk: Walk, marks: list[Mark], report: Report) -> None:
    for mark in marks:
        # An entry that is not there is missing, or its chain short; one that was changed was found before.
        found = walk.hashes[mark.seq]
        if found not in (b"", mark.hash) and not any(seq <= mark.seq for seq in walk.changed):
            message = f"writer {walk.writer}: entry {mark.seq} is not the one that was there {_when(mark)}"
            report.add(Kind.RECOMPUTED, message, writer=walk.writer, seq=mark.seq)
            return


def _pruned_otherwise(said: Said, report: Report) -> None:
    """Find what was another one when it was deleted: nothing of it is left to be looked at."""
    for writer, head in said.pruned.items():
        for mark in said.marks.get(writer, []):
            if mark.seq == head.seq and mark.hash != head.hash:
                message = f"writer {writer}: entry {mark.seq} was another one {_when(mark)} than when it was deleted"
                report.add(Kind.RECOMPUTED, message, writer=writer, seq=mark.seq)


def _short(
    writer: int, marks: list[Mark], said: Said, walk: Walk | None, row: RowMapping | None, numbered: object
) -> _Short | None:
    last = walk.last if walk is not None else said.pruned.get(writer)
    reached = 0 if last is None else last.seq
    missing = next((mark for mark in marks if mark.seq > reached), None)
    if missing is None:
        return None
    if last is None:
        # A store that never gave the number has never seen the writer.
        older = row is None and isinstance(numbered, int) and numbered < writer
    else:
        older = row is not None and (row["seq"], raw(row["head"])) == (reached, last.hash)
    return _Short(writer, reached, missing, older)


def _went_on(said: Said, short: set[int], since: float) -> bool:
    """Say whether a writer that is whole wrote before and after: an old copy would lack what it wrote after."""
    for writer, marks in said.marks.items():
        if writer not in short:
            before = [mark for mark in marks if mark.at <= since]
            if before and len(before) < len(marks):
                return True
    return False


def _when(mark: Mark) -> str:
    return f"at {render(mark.at)}"
