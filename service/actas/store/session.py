"""A connection that is kept for many writing transactions."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from actas.store.database import Database

# A connection that was idle for so long is asked whether it is still there.
_IDLE_SECONDS = 1.0


class Session:
    """Transactions on one connection, which is made anew after a failure. For one thread."""

    def __init__(self, database: Database) -> None:
        """Prepare; it connects when it is used."""
        self._database = database
        self._connection: Connection | None = None
        self._lock: int | None = None
        self._used = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give the connection in a transaction that is durable when the context has ended; raises StoreError."""
        try:
            with self._database.told(), self._turn():
                connection = self._connected()
                with connection.begin():
                    yield connection
                self._used = time.monotonic()
        except BaseException:
            self._disconnect(broken=True)
            raise

    def close(self) -> None:
        """Let go of the connection."""
        self._disconnect()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connected(self) -> Connection:
        if self._connection is not None and time.monotonic() - self._used > _IDLE_SECONDS:
            # The pool looks whether it is still there, and gives another one where it is not.
            self._disconnect()
        if self._connection is None:
            self._connection = self._database.connect().execution_options(actas_writes=True)
        return self._connection

    def _disconnect(self, *, broken: bool = False) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(SQLAlchemyError):
                if broken:
                    # Nobody asks it anything more, not even to roll back: it may be dead.
                    connection.invalidate()
                connection.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._database.is_sqlite:
            yield
            return
        # SQLite's own waiting is sleeping and asking again, up to 0.1 s; this lock wakes the next one at once.
        if self._lock is None:
            self._lock = self._database.open_lock()
        fcntl.flock(self._lock or 0, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock or 0, fcntl.LOCK_UN)
