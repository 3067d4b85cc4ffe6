"""The subjects of a store, looked up one after the other by their random names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from actas.receipts.seal import Seal
from actas.store.schema import subjects

_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class KnownSubject:
    """What the store has of one subject: the seal, and what it is found by."""

    seal: Seal
    sub_lookup: bytes
    party_lookup: bytes


class KnownSubjects:
    """Subjects over one *connection*, remembered meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._found: dict[str, KnownSubject | None] = {}

    def get(self, name: str) -> KnownSubject | None:
        """Give the subject with this random *name*; None where it was erased."""
        if name not in self._found:
            if len(self._found) >= _KEPT:
                self._found.clear()
            row = self._connection.execute(select(subjects).where(subjects.c.subject == name)).one_or_none()
            self._found[name] = None if row is None else _subject(name, row.salt, row.sub_lookup, row.party_lookup)
        return self._found[name]


def raw(value: object) -> bytes:
    """Give the bytes of a column. SQLite stores anything in it; what is none equals no bytes that were written."""
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def _subject(name: str, salt: object, sub: object, party: object) -> KnownSubject:
    return KnownSubject(Seal.of(name, raw(salt)), raw(sub), raw(party))
