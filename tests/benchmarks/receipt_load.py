"""Puts a made-up month into a store in bulk: rows first, then the indexes that its migrations made."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from receipt_world import NAMES, World

from actas.receipts.counting import count
from actas.store import Database
from actas.store.schema import store

_AT_ONCE = 10_000
Say = Callable[[str], None]
Rows = Iterator[tuple[Any, ...]]


def load(database: Database, rows: int, say: Say) -> World:
    """Fill the empty *database* with so many decisions, and count them."""
    with database.reading() as connection:
        lookup_key = bytes(connection.execute(store.select()).one().lookup_key)
    world = World(rows, time.time(), lookup_key)
    if database.address.file is not None:
        database.close()  # it connects again when it is asked; until then nobody else may have the file
        _sqlite(database.address.file, world, say)
    else:
        _postgresql(database.address.url.set(drivername="postgresql").render_as_string(hide_password=False), world, say)
    say("counting the decisions of each agent")
    count(database)
    return world


def _sqlite(file: Path, world: World, say: Say) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    # If this run is cut short, its file is worth nothing anyway.
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=FILE", "threads=2"):
        connection.execute(f"PRAGMA {pragma}")
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type='index' AND tbl_name='receipts'")
    indexes = {name: sql for name, sql in found.fetchall() if sql}
    connection.execute("BEGIN")
    for name in indexes:
        connection.execute(f"DROP INDEX {name}")
    marks = ", ".join("?" * len(NAMES))
    insert = f"INSERT INTO receipts ({', '.join(NAMES)}) VALUES ({marks})"
    connection.executemany("INSERT INTO subjects VALUES (?, ?, ?, ?)", world.subject_rows())
    for rows in _chunks(world, say):
        connection.executemany(insert, rows)
    connection.executemany("INSERT INTO receipt_targets VALUES (?, ?, ?, ?)", _targets(world))
    connection.executemany("INSERT INTO writers VALUES (?, ?, ?, ?, ?, ?)", _writers(world))
    connection.execute("UPDATE store SET writers = ?", (len(world.chains),))
    connection.execute("COMMIT")
    for name, sql in indexes.items():
        say(f"index {name}")
        connection.execute(sql)
    connection.close()


def _postgresql(url: str, world: World, say: Say) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = dict(
            connection.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'receipts' AND indexname !~ '_pkey$'"
            ).fetchall()
        )
        for name in indexes:
            connection.execute(f"DROP INDEX {name}")  # type: ignore[call-overload]  # the name is our own
        _copy(connection, "subjects", "subject, sub_lookup, party_lookup, salt", world.subject_rows())
        _copy(connection, "receipts", ", ".join(NAMES), itertools.chain.from_iterable(_chunks(world, say)))
        _copy(connection, "receipt_targets", "writer, seq, target, evaluated_at", _targets(world))
        _copy(connection, "writers", "writer, name, started_at, seq, head, checkpointed", _writers(world))
        connection.execute("UPDATE store SET writers = %s", (len(world.chains),))
        connection.execute("SET maintenance_work_mem = '512MB'")
        for name, definition in indexes.items():
            say(f"index {name}")
            connection.execute(definition)
        # What autovacuum does on its own, some time after so many rows have come.
        say("vacuum analyze")
        connection.execute("VACUUM ANALYZE")


def _copy(connection: psycopg.Connection[Any], table: str, names: str, rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _chunks(world: World, say: Say) -> Iterator[list[tuple[Any, ...]]]:
    entries, began, done = world.entries(), time.monotonic(), 0
    while rows := list(itertools.islice(entries, _AT_ONCE)):
        yield rows
        done += len(rows)
        say(f"{done:,} entries, {done / (time.monotonic() - began):,.0f} a second")


def _targets(world: World) -> Iterator[tuple[Any, ...]]:
    """Give the second targets; the place of an entry is found by counting as the chains do."""
    seqs = [0] * len(world.chains)
    for number in range(world.rows):
        place = number % len(seqs)
        seqs[place] += 1
        first, *further = world.targets(number)
        for target in further:
            if target != first:
                yield place + 1, seqs[place], target, world.moment(number)
        seqs[place] += world.reported(number)


def _writers(world: World) -> Iterator[tuple[Any, ...]]:
    for chain in world.chains:
        yield chain.writer, f"bench/{chain.writer}", world.began, chain.seq, chain.head, 0
