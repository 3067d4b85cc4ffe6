"""The log of revocations: chained, in order, and noticed when it is not what was written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from actas.errors import StoreError
from actas.request import Client, ExchangeRequest
from actas.revocation import log
from actas.revocation.change import Change
from actas.revocation.feed import RevocationFeed
from actas.store import Database

REQUEST = ExchangeRequest("https://as.example.com", client=Client(client_id="chat"))
CLIENT = {"kind": "client", "client_id": "chat"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store of its own."""
    opened = Database.open(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


def _append(database: Database, *changes: Change) -> int | None:
    with database.writing() as connection:
        return log.append(connection, changes)


def _revoked(number: int, **event: str) -> Change:
    return Change("revoke", {"kind": "jti", "jti": f"t-{number}"}, "ops", 1.0, event)


def test_what_is_in_force_is_what_was_revoked_and_not_taken_back(database: Database) -> None:
    """Taking back counts for what was before it, an end for itself."""
    _append(database, _revoked(1), _revoked(2), Change("revoke", {**CLIENT, "until": 50}, "ops", 2.0))
    _append(database, Change("restore", {"kind": "jti", "jti": "t-1", "reason": "found"}, "boss", 3.0), _revoked(3))
    _append(database, _revoked(1))
    with database.reading() as connection:
        everything = list(log.everything(connection))

    assert [one.version for one in everything] == [1, 2, 3, 4, 5, 6]
    assert [one.version for one in log.in_force(everything, 49)] == [2, 3, 5, 6]
    assert [one.version for one in log.in_force(everything, 50)] == [2, 5, 6]


def test_an_event_is_written_once(database: Database) -> None:
    """The same event of the same issuer again changes nothing; of another issuer it is another."""
    assert _append(database, _revoked(1, iss="a", jti="e"), _revoked(2, iss="a", jti="e")) == 2
    assert _append(database, _revoked(1, iss="a", jti="e")) is None
    assert _append(database, _revoked(1, iss="b", jti="e")) == 3


async def test_a_feed_has_what_is_in_the_log(database: Database) -> None:
    """A change counts after the next reading, whoever wrote it."""
    feed = RevocationFeed(database, stale_after=60)
    assert feed.lookup(REQUEST).freshness == "stale"
    await feed.refresh()
    before = feed.lookup(REQUEST)
    _append(database, Change("revoke", CLIENT, "ops", 1.0))
    await feed.refresh()
    revoked = feed.lookup(REQUEST)
    _append(database, Change("restore", CLIENT, "ops", 2.0))
    await feed.refresh()
    after = feed.lookup(REQUEST)

    assert [(view.version, view.freshness, view.revocations) for view in (before, revoked, after)] == [
        ("store:0", "fresh", []),
        ("store:1", "fresh", [CLIENT]),
        ("store:2", "fresh", []),
    ]


async def test_what_is_read_before_the_last_reading_counts_until_it_is_too_old(database: Database) -> None:
    """A stale state still names what it knows, and says that it is stale."""
    feed = RevocationFeed(database, stale_after=0)
    _append(database, Change("revoke", CLIENT, "ops", 1.0))
    await feed.refresh()

    view = feed.lookup(REQUEST)
    assert (view.freshness, view.revocations) == ("stale", [CLIENT])
    assert "too long ago" in feed.problem


def _attacked(database: Database, attack: str) -> None:
    with database.writing() as connection:
        connection.execute(text(attack))


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM revocations WHERE version = 1",
        "DELETE FROM revocations WHERE version = 2",
        "UPDATE revocations SET document = replace(document, 't-3', 't-9')",
        "UPDATE revocations SET document = replace(document, 't-2', 't-9')",
        "UPDATE revocations SET version = 9 WHERE version = 3",
        "UPDATE revocations SET hash = x'00' WHERE version = 2",
    ],
)
def test_a_log_that_was_tampered_with_is_no_state(database: Database, attack: str) -> None:
    """Whoever begins to read it notices a change, a gap and a new order."""
    _append(database, _revoked(1), _revoked(2), _revoked(3))
    _attacked(database, attack)

    with database.reading() as connection, pytest.raises(StoreError):
        list(log.everything(connection))


@pytest.mark.parametrize(
    "attack",
    ["DELETE FROM revocations", "DELETE FROM revocations WHERE version = 3", "UPDATE revocations SET hash = x'00'"],
)
async def test_a_log_that_is_another_one_is_no_state(database: Database, attack: str) -> None:
    """Whoever has read it notices that its end is gone: an old copy brings nobody back."""
    feed = RevocationFeed(database, stale_after=60)
    _append(database, _revoked(1), _revoked(2), _revoked(3))
    await feed.refresh()
    _attacked(database, attack)

    with pytest.raises(StoreError, match="another one than before"):
        await feed.refresh()
    assert feed.version == 3


async def test_calls_that_keep_every_thread_busy_do_not_keep_a_feed_from_reading(database: Database) -> None:
    """What callers ask for runs on the threads of the loop; whoever asks much must not make the state stale."""
    free = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    busy = loop.run_in_executor(None, free.wait)
    feed = RevocationFeed(database, stale_after=60)
    try:
        async with asyncio.timeout(10):
            await feed.refresh()
    finally:
        free.set()
        await busy
    assert feed.problem == ""
