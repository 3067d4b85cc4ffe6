"""What the store says about its own writers, compared with their chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from actas.receipts.against import Said
from actas.receipts.chain import GENESIS, Head
from actas.receipts.findings import Kind, Report
from actas.receipts.known_subjects import raw
from actas.receipts.walk import Walk


def find(
    said: Said, walks: Mapping[int, Walk], known: Mapping[int, RowMapping], own: RowMapping, report: Report
) -> None:
    """Compare the rows of the writers that are *known*, and the numbers given to them, with their chains."""
    told = {finding.writer for finding in report.findings}
    for writer in walks.keys() - known.keys():
        _add(report, Kind.CHANGED, writer, "has entries, and the store does not know it")
    for writer, row in known.items():
        walk = walks.get(writer)
        if writer not in told:
            _reach(writer, row, walk.last if walk is not None else said.pruned.get(writer), report)
        if walk is not None and walk.start:
            _start(writer, row, walk.start, own, report)
        marks = {0, *(mark.seq for mark in said.marks.get(writer, []))}
        # Also where nothing is said at all: it may be another sink, or one that somebody emptied.
        if said.asked and row["checkpointed"] not in marks:
            _add(report, Kind.CHANGED, writer, f"nobody has said that it reached entry {row['checkpointed']}")
    _numbers(known, own["writers"], told, report)


def _reach(writer: int, row: RowMapping, last: Head | None, report: Report) -> None:
    seq, head = (0, GENESIS) if last is None else (last.seq, last.hash)
    if row["seq"] == seq and raw(row["head"]) == head:
        return
    if isinstance(row["seq"], int) and row["seq"] > seq:
        kind = Kind.DELETED_WRITER if seq == 0 else Kind.CUT_OFF
        _add(report, kind, writer, f"it wrote {row['seq']} entries, and its chain ends with {seq}", row["seq"])
    else:
        _add(report, Kind.CHANGED, writer, f"the end of its chain, {seq}, is not the one that the store has noted")


def _start(writer: int, row: RowMapping, start: Mapping[str, Any], own: RowMapping, report: Report) -> None:
    if (start["name"], start["evaluated_at"]) != (row["name"], row["started_at"]):
        _add(report, Kind.CHANGED, writer, "its name, or the time of its start, is another one")
    if start["store_id"] != own["store_id"]:
        _add(report, Kind.OTHER_STORE, writer, "it wrote into another store, or this one was given another name")


def _numbers(known: Mapping[int, RowMapping], numbered: object, told: set[int], report: Report) -> None:
    if not isinstance(numbered, int):
        report.add(Kind.CHANGED, "the store has lost count of its writers")
        return
    given = sorted(writer for writer in known if isinstance(writer, int) and 1 <= writer <= numbered)
    for writer in known.keys() - set(given):
        _add(report, Kind.CHANGED, writer, f"the store has numbered {numbered} writers, and never given this number")
    for before, after in zip([0, *given], [*given, numbered + 1], strict=True):
        if after - before > 1 and not told.intersection(range(before + 1, min(after, before + 1000))):
            gone = f"{before + 1}" if after == before + 2 else f"{before + 1} to {after - 1}"
            report.add(Kind.DELETED_WRITER, f"writer {gone}: numbered, and nowhere", writer=before + 1)


def _add(report: Report, kind: Kind, writer: Any, what: str, seq: int = 0) -> None:
    report.add(kind, f"writer {writer}: {what}", writer=writer if isinstance(writer, int) else 0, seq=seq)
