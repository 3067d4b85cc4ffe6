"""The log of revocations in the store: written one change after the other, read from any place on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text

from actas.errors import StoreError
from actas.revocation.change import NO_HASH, Change, Recorded, chained, read
from actas.revocation.entry import named, target
from actas.store.schema import revocations

MOST_AT_ONCE = 5000
"""How many changes one reading takes."""
_LOCK = 7204991232


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody has read: the version and the hash of the last change. The beginning is the default."""

    version: int = 0
    hash: bytes = NO_HASH


def append(connection: Connection, changes: Sequence[Change]) -> int | None:
    """Write *changes*, and give the version of the last one; None where their security event is there already.

    Versions are committed in their order: whoever has read one has not missed an earlier one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last = connection.execute(
        select(revocations.c.version, revocations.c.hash).order_by(revocations.c.version.desc()).limit(1)
    ).first()
    version, digest = (last.version, last.hash) if last is not None else (0, NO_HASH)
    event = changes[0].event_digest
    if event is not None and _known(connection, event):
        return None
    rows = []
    for change in changes:
        version += 1
        document = change.document(version)
        digest = chained(digest, document)
        rows.append({"version": version, "event": event, "document": document, "hash": digest})
        event = None
    connection.execute(insert(revocations), rows)
    return int(version)


def since(connection: Connection, place: Place) -> list[Recorded]:
    """Read the next changes after *place*, at most `MOST_AT_ONCE`.

    Raises:
        StoreError: the log is not the one that was read until *place*, or something in it is not what was recorded.

    """
    rows = connection.execute(
        select(revocations.c.version, revocations.c.document, revocations.c.hash)
        .where(revocations.c.version >= place.version)
        .order_by(revocations.c.version)
        .limit(MOST_AT_ONCE + 1)
    ).all()
    if place.version:
        if not rows or rows[0].version != place.version or bytes(rows[0].hash) != place.hash:
            raise StoreError("the log of revocations is another one than before")
        rows = rows[1:]
    found, before = [], place.hash
    for expected, row in enumerate(rows, place.version + 1):
        try:
            if row.version != expected:
                raise ValueError(f"revocation {expected} is missing")
            found.append(read(row.version, row.document, bytes(row.hash), before))
        except (AttributeError, LookupError, RecursionError, TypeError):
            raise StoreError(f"revocation {expected} cannot be read") from None
        except ValueError as error:
            raise StoreError(str(error)) from None
        before = found[-1].hash
    return found


def everything(connection: Connection) -> Iterable[Recorded]:
    """Read all changes, oldest first; raises StoreError as `since` does."""
    place = Place()
    while found := since(connection, place):
        yield from found
        place = Place(found[-1].version, found[-1].hash)


def in_force(changes: Iterable[Recorded], now: float) -> list[Recorded]:
    """Give the revocations among *changes* that were not taken back and have not ended at *now*."""
    active: dict[str, list[Recorded]] = {}
    for recorded in changes:
        about = target(recorded.change.entry)
        if recorded.change.what == "restore":
            active.pop(about, None)
        elif recorded.change.entry.get("until", now + 1) > now:
            active.setdefault(about, []).append(recorded)
    return sorted((one for found in active.values() for one in found), key=lambda one: one.version)


def having(wanted: Mapping[str, object], found: Iterable[Recorded]) -> list[Recorded]:
    """Give those of *found* that have every member by which the entry *wanted* names somebody."""
    members = named(wanted).items()
    return [one for one in found if members <= one.change.entry.items()]


def _known(connection: Connection, event: bytes) -> bool:
    return connection.execute(select(revocations.c.version).where(revocations.c.event == event)).first() is not None
