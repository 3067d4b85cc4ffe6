"""Revocations changed in the store itself: every service with this store follows within a second."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from actas.cli.exits import bad_input
from actas.cli.receipts import source
from actas.cli.revoking.desk import Entry
from actas.errors import ProtocolError
from actas.receipts.delegations import LiveDelegation
from actas.receipts.live import would_cut
from actas.revocation import log
from actas.revocation.change import Change
from actas.revocation.entry import named
from actas.store import Database


class StoreDesk:
    """A `Desk` that writes into the log itself."""

    def __init__(self, database: Database) -> None:
        """Change *database*, in the name of the user of this machine."""
        self._database = database
        self._by = f"user {_user()}"

    def revoke(self, entries: Sequence[Entry]) -> int:
        """Revoke *entries*."""
        now = time.time()
        return self._append([Change("revoke", entry, self._by, now) for entry in entries])

    def would_cut(self, entries: Sequence[Entry]) -> tuple[list[LiveDelegation], bool]:
        """Say what *entries* would cut."""
        with self._database.reading() as connection:
            return would_cut(connection, entries, time.time())

    def restore(self, entries: Sequence[Entry], *, reason: str) -> tuple[int, list[Entry]]:
        """Take back whatever has the members of *entries*."""
        now, why = time.time(), {"reason": reason} if reason else {}
        with self._database.reading() as connection:
            active = log.in_force(log.everything(connection), now)
        found = [named(one.change.entry) for entry in entries for one in log.having(entry, active)]
        found = [entry for place, entry in enumerate(found) if entry not in found[:place]]
        if not found:
            raise ProtocolError("", "nothing of the kind is revoked", reason="NOT_REVOKED")
        return self._append([Change("restore", entry | why, self._by, now) for entry in found]), found

    def in_force(self) -> list[Entry]:
        """Give what is revoked."""
        with self._database.reading() as connection:
            active = log.in_force(log.everything(connection), time.time())
        return [
            {
                **one.change.entry,
                "version": one.version,
                "recorded_at": one.change.at,
                "recorded_by": one.change.by,
            }
            for one in active
        ]

    def receive(self, security_event_token: str) -> tuple[int, list[Entry]]:
        """Refuse: whose events to believe stands in the policies of a service."""
        del security_event_token
        raise bad_input("--set: only a running service knows whose events to believe: say --target")

    def _append(self, changes: Sequence[Change]) -> int:
        with self._database.writing() as connection:
            return log.append(connection, changes) or 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in a container whose user has a number alone
        return str(os.getuid())


@contextmanager
def opened(store: str) -> Iterator[StoreDesk]:
    """Open *store* as it is; raises ConfigError, StoreError."""
    with source.opened(store) as database:
        yield StoreDesk(database)
