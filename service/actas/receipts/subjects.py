"""Whose receipts they are: a random name and a salt for each party (iss, sub), found by a keyed hash until erased."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, delete, select, text, update

from actas.receipts.entry import Party
from actas.receipts.seal import SALT_BYTES, Seal
from actas.store.schema import store, subjects

# Some hundred bytes each. Whoever is not among them is looked up again.
_KEPT = 50_000
_INSERT = text(
    "INSERT INTO subjects (subject, sub_lookup, party_lookup, salt) "
    "VALUES (:subject, :sub_lookup, :party_lookup, :salt) ON CONFLICT DO NOTHING"
)
_FOUND = select(subjects.c.party_lookup, subjects.c.subject, subjects.c.salt).where(
    subjects.c.party_lookup.in_(bindparam("lookups", expanding=True))
)


class Subjects:
    """The seals of parties, remembered; `forget` when one of them was erased."""

    def __init__(self, lookup_key: bytes) -> None:
        self._key = lookup_key
        self._seals: dict[Party, Seal] = {}

    def forget(self) -> None:
        """Remember nothing more."""
        self._seals.clear()

    def resolve(self, connection: Connection, parties: Collection[Party]) -> dict[Party, Seal]:
        """Give the seal of each of *parties*, made at first sight."""
        unknown = set(parties) - self._seals.keys()
        if unknown:
            if len(self._seals) + len(unknown) > _KEPT:
                self._seals.clear()
                unknown = set(parties)
            self._learn(connection, unknown)
        return self._seals

    def _learn(self, connection: Connection, unknown: Iterable[Party]) -> None:
        # In one order everywhere: two writers that add the same ones must not wait for each other.
        wanted = dict(sorted((party_lookup(self._key, party), party) for party in unknown))
        found = self._find(connection, wanted)
        if missing := [lookup for lookup in wanted if lookup not in found]:
            connection.execute(_INSERT, [self._row(lookup, wanted[lookup]) for lookup in missing])
            found |= self._find(connection, missing)
        self._seals |= {wanted[lookup]: seal for lookup, seal in found.items()}

    def _row(self, lookup: bytes, party: Party) -> dict[str, object]:
        return {
            "subject": secrets.token_hex(16),
            "sub_lookup": sub_lookup(self._key, party[1]),
            "party_lookup": lookup,
            "salt": secrets.token_bytes(SALT_BYTES),
        }

    @staticmethod
    def _find(connection: Connection, lookups: Iterable[bytes]) -> dict[bytes, Seal]:
        rows = connection.execute(_FOUND, {"lookups": list(lookups)})
        return {bytes(row.party_lookup): Seal.of(row.subject, bytes(row.salt)) for row in rows}


def party_lookup(lookup_key: bytes, party: Party) -> bytes:
    """Give what a party is found by."""
    return _keyed(lookup_key, party)


def sub_lookup(lookup_key: bytes, sub: str) -> bytes:
    """Give what all parties of the same `sub` are found by, whatever their issuers."""
    return _keyed(lookup_key, [sub])


def find(connection: Connection, sub: str, iss: str | None = None) -> list[str]:
    """Give the random names of those who are *sub* at *iss*, or anywhere: `receipts.subject` holds them."""
    lookup_key = bytes(connection.execute(select(store.c.lookup_key)).scalar_one())
    if iss is None:
        chosen = subjects.c.sub_lookup == sub_lookup(lookup_key, sub)
    else:
        chosen = subjects.c.party_lookup == party_lookup(lookup_key, (iss, sub))
    return list(connection.execute(select(subjects.c.subject).where(chosen)).scalars())


def erase(connection: Connection, names: Collection[str]) -> None:
    """Delete the salts of those with these random names: what is sealed under them is gone."""
    connection.execute(delete(subjects).where(subjects.c.subject.in_(names)))
    # Whoever remembers the seals learns in its next transaction that they are void.
    connection.execute(update(store).values(erasures=store.c.erasures + len(names)))


def _keyed(lookup_key: bytes, value: Party | list[str]) -> bytes:
    return hmac.digest(lookup_key, json.dumps(value).encode(), "sha256")
