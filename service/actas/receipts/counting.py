"""Counts decisions by agent, hour, day and week, a piece of a chain at a time, each piece once whoever counts it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, text

from actas.receipts.agents import SIZES, Pending, entries_statement, pending
from actas.store import Database

PIECE: Final = 20_000
"""How many entries are counted at a time."""
_NAMES = ("hours", "number", "agent", "version", "code", "narrowed", "stepped_up", "decisions")
_Kind = tuple[int, int, str, str, str, int, int]
_ADVANCE = text(
    "INSERT INTO agent_counted (writer, seq) VALUES (:writer, :head) "
    "ON CONFLICT (writer) DO UPDATE SET seq = excluded.seq WHERE agent_counted.seq = :counted"
)
_ADD = text(
    "INSERT INTO agent_counts (hours, number, agent, version, code, narrowed, stepped_up, decisions) "
    "VALUES (:hours, :number, :agent, :version, :code, :narrowed, :stepped_up, :decisions) "
    "ON CONFLICT (hours, number, agent, version, code, narrowed, stepped_up) "
    "DO UPDATE SET decisions = agent_counts.decisions + excluded.decisions"
)


def count(database: Database) -> int:
    """Count what is not counted yet, and give how many pieces there were; raises StoreError."""
    with database.reading() as connection:
        chains = pending(connection)
    pieces = 0
    for chain in chains:
        for first in range(chain.counted, chain.head, PIECE):
            pieces += _count(database, replace(chain, counted=first, head=min(first + PIECE, chain.head)))
    return pieces


def _count(database: Database, piece: Pending) -> bool:
    """Count one piece, unless somebody else has done so."""
    with database.reading() as connection:
        rows = connection.execute(entries_statement(piece, connection.dialect.name)).all()
    counts: Counter[_Kind] = Counter()
    for row in rows:
        for hours in SIZES:
            kind = (hours, row.hour // hours, row.agent, row.version, row.code, row.narrowed, row.stepped_up)
            counts[kind] += row.decisions
    # In one order everywhere: two processes that add to the same counts must not wait for each other.
    found = [dict(zip(_NAMES, (*kind, count), strict=True)) for kind, count in sorted(counts.items())]
    with database.writing() as connection:
        return _add(connection, piece, found)


def _add(connection: Connection, piece: Pending, found: list[dict[str, object]]) -> bool:
    advanced = connection.execute(
        _ADVANCE, {"writer": piece.writer, "head": piece.head, "counted": piece.counted}
    ).rowcount
    if advanced == 1 and found:
        connection.execute(_ADD, found)
    return advanced == 1
