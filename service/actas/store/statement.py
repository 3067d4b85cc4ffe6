"""A statement that is put into words once, and given to the database's own driver.

What SQLAlchemy does around each statement costs more than what the statements of a receipt do themselves, and a driver
that is given many rows lets go of the interpreter once for each. A statement for many rows is one here, and while the
database works on it, decisions are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert
from sqlalchemy.sql import ClauseElement

# One statement is kept in words for each number of rows.
_SIZES = (64, 32, 16, 8, 4, 2, 1)


class Statement:
    """A statement whose values all have names and are bytes, text, numbers or None."""

    def __init__(self, clause: ClauseElement) -> None:
        """Take what is said; it is put into the words of a database when that is first asked."""
        self._clause = clause
        self._words: dict[str, tuple[str, Sequence[str] | None]] = {}

    def run(self, connection: Connection, *rows: Mapping[str, Any]) -> Any:
        """Run it once for each of *rows*, or once without values, and give the driver's cursor.

        Raises the driver's errors, of which a transaction of the store makes a StoreError.
        """
        words = self._words.get(connection.dialect.name)
        if words is None:
            compiled: Any = self._clause.compile(dialect=connection.dialect)
            words = compiled.string, compiled.positiontup if compiled.positional else None
            self._words[connection.dialect.name] = words
        said, order = words
        cursor: Any = connection.connection.cursor()
        if not rows:
            return cursor.execute(said)
        values = rows if order is None else [[row[name] for name in order] for row in rows]
        return cursor.execute(said, values[0]) if len(values) == 1 else cursor.executemany(said, values)


class Append:
    """An insertion of many rows, whose columns are *names*."""

    def __init__(self, clause: Insert, names: Sequence[str]) -> None:
        """Take the table that *clause* inserts into; *names* say the order of the values."""
        self._table = clause.table.description
        self._names = tuple(names)
        self._words: dict[tuple[str, int], str] = {}

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert *rows*, many at a time; raises as `Statement.run`."""
        cursor: Any = connection.connection.cursor()
        begin = 0
        for size in _SIZES:
            while len(rows) - begin >= size:
                values = [value for row in rows[begin : begin + size] for value in row]
                cursor.execute(self._worded(connection.dialect.name, size), values)
                begin += size

    def _worded(self, dialect: str, size: int) -> str:
        words = self._words.get((dialect, size))
        if words is None:
            mark = "?" if dialect == "sqlite" else "%s"
            row = f"({', '.join([mark] * len(self._names))})"
            names = ", ".join(self._names)
            words = f"INSERT INTO {self._table} ({names}) VALUES {', '.join([row] * size)}"  # noqa: S608 - names of ours
            self._words[(dialect, size)] = words
        return words
