"""A statement that is put into words once, because doing so anew costs more than what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.sql import ClauseElement

_Words = tuple[str, Sequence[str] | None]


class Statement:
    """A statement whose values all have names. No type of SQLAlchemy's converts them: bytes, text and numbers only."""

    def __init__(self, clause: ClauseElement) -> None:
        """Take what is said; it is put into the words of a database when that is first asked."""
        self._clause = clause
        self._words: dict[str, _Words] = {}

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it once for each of *rows*, or once without values."""
        words = self._words.get(connection.dialect.name)
        if words is None:
            words = self._words[connection.dialect.name] = self._worded(connection)
        said, order = words
        if not rows:
            return connection.exec_driver_sql(said)
        if order is None:
            return connection.exec_driver_sql(said, rows[0] if len(rows) == 1 else list(rows))
        values = [tuple([row[name] for name in order]) for row in rows]
        return connection.exec_driver_sql(said, values[0] if len(values) == 1 else values)

    def _worded(self, connection: Connection) -> _Words:
        compiled: Any = self._clause.compile(dialect=connection.dialect)
        return compiled.string, compiled.positiontup if compiled.positional else None
