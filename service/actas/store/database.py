"""One open store: durable commits are asserted on every connection, and every error is a `StoreError`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from actas.errors import StoreError
from actas.store import upgrade
from actas.store.address import StoreAddress
from actas.store.session import Session

DRIVER_ERRORS = (SQLAlchemyError, sqlite3.Error, psycopg.Error)
"""What is raised when a store fails: by SQLAlchemy, or by a driver that is asked directly."""
CONTRADICTIONS = (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)
BUSY_SECONDS = 1.0
"""How long a connection waits for a SQLite file that somebody else than an Actas holds."""
_CONNECT_SECONDS = 3
_GONE_MS = 10_000
_SQLITE_FULL = 2
_CACHE_KIB = 32 * 1024
# A page that changes often is copied into the file seldom; the log may have 16 MiB then.
_LOG_PAGES = 4000
_LOCK_SUFFIX = "-actas-lock"


class Database:
    """A store that is open. Threads may share it; each transaction has a connection of its own."""

    def __init__(self, address: StoreAddress, engine: Engine) -> None:
        """Take the parts; use `open`."""
        self.address = address
        self._engine = engine

    @classmethod
    def open(cls, address: StoreAddress | str, *, migrate: bool = True) -> Self:
        """Connect, assert that a commit is durable there, and bring the tables up to date where *migrate*.

        Raises:
            ConfigError: *address* is none.
            StoreError: it cannot be reached, does not keep what is committed, or its tables are not of this version.

        """
        address = StoreAddress.parse(address) if isinstance(address, str) else address
        database = cls(address, _engine(address, create=migrate))
        try:
            if migrate:
                with database.writing(migrating=True) as connection:
                    upgrade.to_head(connection)
            else:
                with database.reading() as connection:
                    upgrade.require_head(connection)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file, with one writer at a time."""
        return self.address.file is not None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state and changes nothing; raises StoreError."""
        with self.told(), self._engine.connect() as connection:
            if not self.is_sqlite:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    @contextmanager
    def writing(self, *, migrating: bool = False) -> Iterator[Connection]:
        """Give a connection in a transaction that is durable when the context has ended; raises StoreError.

        Of all processes with one SQLite file, one writes at a time, and the next one is woken without delay.
        *migrating* keeps everybody else from migrating meanwhile.
        """
        session = self.session()
        try:
            with session.transaction() as connection:
                if migrating and not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(7204991231)"))
                yield connection
        finally:
            session.close()

    def scrub(self) -> bool:
        """Have what was deleted leave the files of SQLite, too, and say whether it has; raises StoreError.

        It stands in the write-ahead log, and in the file until the log is copied there, as long as a service runs.
        """
        if not self.is_sqlite:
            return True
        with self.told():
            raw: Any = self._engine.raw_connection()
            try:
                (busy, *_) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
        return not busy

    def session(self) -> Session:
        """Give a connection that is kept for many writing transactions, all on one thread."""
        return Session(self)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.dispose()

    def connect(self) -> Connection:
        """Connect; raises SQLAlchemyError."""
        return self._engine.connect()

    def open_lock(self) -> int | None:
        """Open the file whose lock says who writes to a SQLite file; raises StoreError. PostgreSQL needs none."""
        if self.address.file is None:
            return None
        try:
            lock = os.open(f"{self.address.file}{_LOCK_SUFFIX}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            if os.geteuid() == 0:
                # A command that root runs must not lock out the service's user, as SQLite takes care for its own files.
                owner = self.address.file.stat()
                os.fchown(lock, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise StoreError(f"{self.address}: {error.strerror}") from None
        return lock

    @contextmanager
    def told(self) -> Iterator[None]:
        """Raise what the database says as a StoreError, without statements and values."""
        try:
            yield
        except DRIVER_ERRORS as error:
            raise StoreError(f"{self.address}: {_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    """Say what the database said, without the statement and its values, which hold what is recorded."""
    origin = getattr(error, "orig", None if isinstance(error, SQLAlchemyError) else error)
    if isinstance(origin, sqlite3.Error):
        # SQLite's own texts name tables and columns, never values.
        return str(origin)
    if origin is not None:
        diagnostic = getattr(origin, "diag", None)
        primary = getattr(diagnostic, "message_primary", None)
        state = getattr(origin, "sqlstate", None)
        return f"PostgreSQL refused ({state})" if state and primary else "PostgreSQL cannot be reached"
    return f"unexpected {type(error).__name__}"


def _engine(address: StoreAddress, *, create: bool) -> Engine:
    if address.file is not None:
        _check_directory(address, address.file, create=create)
        engine = create_engine(
            address.url,
            poolclass=QueuePool,
            pool_size=2,
            max_overflow=8,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 256},
        )
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begins)
        return engine
    engine = create_engine(
        address.url,
        pool_size=2,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "actas",
            # Whatever the environment says: one name in another script must not spoil what is written with it.
            "client_encoding": "UTF8",
            # A machine that is gone answers nothing, not even that it is gone.
            "tcp_user_timeout": _GONE_MS,
            "keepalives_idle": _GONE_MS // 1000,
        },
    )
    event.listen(engine, "connect", _postgresql_connected)
    return engine


def _check_directory(address: StoreAddress, file: Path, *, create: bool) -> None:
    if not create and not file.exists():
        raise StoreError(f"{address}: no such file")
    if not file.absolute().parent.is_dir():
        raise StoreError(f"{address}: {file.absolute().parent} is no directory")
    if create and not file.exists():
        try:
            # Nobody but the service's user may read who acted for whom.
            os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StoreError(f"{address}: {error.strerror}") from None


def _sqlite_connected(connection: Any, _record: Any) -> None:
    # Transactions begin where we say so, not where the module's old habit does.
    connection.isolation_level = None
    cursor = connection.cursor()
    (mode,) = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
    cursor.execute("PRAGMA synchronous=FULL")
    (level,) = cursor.execute("PRAGMA synchronous").fetchone()
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: a salt whose subject is to be forgotten must not stay on a free page.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
    cursor.close()
    if mode != "wal" or level != _SQLITE_FULL:
        raise StoreError(
            f"SQLite does not keep what is committed there: journal_mode={mode}, synchronous={level}, wanted wal and 2"
        )


def _sqlite_begins(connection: Connection) -> None:
    writes = connection.get_execution_options().get("actas_writes", False)
    # Straight to the driver: every commit begins with this.
    driver: Any = connection.connection
    driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_connected(connection: Any, _record: Any) -> None:
    wanted = {"synchronous_commit": ("on", "remote_apply"), "fsync": ("on",)}
    with connection.cursor() as cursor:
        encoding = cursor.execute("SHOW server_encoding").fetchone()[0]
        found = {name: cursor.execute(f"SHOW {name}").fetchone()[0] for name in wanted}
    connection.rollback()
    if encoding != "UTF8":
        raise StoreError(f"PostgreSQL cannot hold every text: the database's encoding is {encoding}, wanted UTF8")
    for name, values in wanted.items():
        if found[name] not in values:
            raise StoreError(f"PostgreSQL does not keep what is committed: {name} is {found[name]}, wanted on")
