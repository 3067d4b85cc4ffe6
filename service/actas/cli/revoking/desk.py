"""Where revocations are changed: a store that this command opens, or a running service."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from actas.cli import reaching
from actas.cli.exits import bad_input
from actas.errors import ProtocolError
from actas.receipts.live import LiveDelegation, would_cut
from actas.revocation import log
from actas.revocation.change import Change
from actas.revocation.entry import named
from actas.store import Database, StoreAddress

Entry = dict[str, Any]
Store = Annotated[
    str | None,
    typer.Option(
        "--receipts", envvar="ACTAS_RECEIPTS", metavar="URL", help="The service's store, where none is to be asked."
    ),
]


class Desk(Protocol):
    """What changes and tells what is revoked; raises ActasError."""

    def revoke(self, entries: Sequence[Entry]) -> int:
        """Revoke *entries*, and give the version of the state that has them."""

    def would_cut(self, entries: Sequence[Entry]) -> tuple[list[LiveDelegation], bool]:
        """Give the live delegations that *entries* would cut, and whether there may be more."""

    def restore(self, entries: Sequence[Entry], *, reason: str) -> tuple[int, list[Entry]]:
        """Take back whatever has the members of *entries*; gives the version, and what they were."""

    def in_force(self) -> list[Entry]:
        """Give what is revoked, oldest first, each with `version`, `recorded_at` and `recorded_by`."""

    def receive(self, security_event_token: str) -> tuple[int, list[Entry]]:
        """Hand on a signed security event; gives the version that has it, and what it revoked."""


class _OfStore:
    """Writes into the log itself: every service with this store follows within a second."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by = f"user {getpass.getuser()}"

    def revoke(self, entries: Sequence[Entry]) -> int:
        now = time.time()
        return self._append([Change("revoke", entry, self._by, now) for entry in entries])

    def would_cut(self, entries: Sequence[Entry]) -> tuple[list[LiveDelegation], bool]:
        with self._database.reading() as connection:
            return would_cut(connection, entries, time.time())

    def restore(self, entries: Sequence[Entry], *, reason: str) -> tuple[int, list[Entry]]:
        now, why = time.time(), {"reason": reason} if reason else {}
        with self._database.reading() as connection:
            active = log.in_force(log.everything(connection), now)
        found = [named(one.change.entry) for entry in entries for one in log.having(entry, active)]
        found = [entry for place, entry in enumerate(found) if entry not in found[:place]]
        if not found:
            raise ProtocolError("", "nothing of the kind is revoked", reason="NOT_REVOKED")
        return self._append([Change("restore", entry | why, self._by, now) for entry in found]), found

    def in_force(self) -> list[Entry]:
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
        del security_event_token
        raise bad_input("--set: only a running service knows whose events to believe: say --target")

    def _append(self, changes: Sequence[Change]) -> int:
        with self._database.writing() as connection:
            return log.append(connection, changes) or 0


@contextmanager
def asked(store: str | None, target: str | None, tls: bool, ca: Path | None) -> Iterator[Desk]:
    """Give what the options name; a service comes before a store of the environment."""
    if target is not None:
        from actas.client.revocation_client import RevocationClient  # noqa: PLC0415 - gRPC is slow to load

        with RevocationClient(reaching.reach(target, tls, ca)) as client:
            yield client
        return
    if store is None or store == "none":
        raise bad_input(
            "say where: --target HOST:PORT, or --receipts sqlite:///PATH or postgresql://USER@HOST/DATABASE"
        )
    database = Database.open(StoreAddress.parse(store, setting="--receipts"), migrate=False)
    try:
        yield _OfStore(database)
    finally:
        database.close()
