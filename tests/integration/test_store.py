"""The store itself: what is refused, who waits for whom, and what one failure leaves of the others."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from actas.errors import StoreError
from actas.store import Database, StoreThread, upgrade
from postgres_support import postgres


def of_version(file: Path, version: str) -> str:
    """Make a store that says it is of another *version*; gives its address."""
    url = f"sqlite:///{file}"
    Database.open(url).close()
    connection = sqlite3.connect(file)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.commit()
    connection.close()
    return url


def test_a_store_of_a_newer_actas_is_refused(tmp_path: Path) -> None:
    """What it means nobody knows here; it is left as it is."""
    url = of_version(tmp_path / "store.db", "9999")

    with pytest.raises(StoreError, match="made by a newer Actas"):
        Database.open(url)


def test_a_store_of_an_older_actas_waits_for_its_service(tmp_path: Path) -> None:
    """A command changes no tables."""
    url = of_version(tmp_path / "store.db", "0001")

    with pytest.raises(StoreError, match="has version 0001: start the service of this version once"):
        Database.open(url, migrate=False)


def test_the_last_step_is_the_last_by_name() -> None:
    """Whether a store is up to date is read from the name, without loading Alembic."""
    assert upgrade._script().get_current_head() == upgrade.LATEST


def test_a_file_that_is_no_store_is_not_read(tmp_path: Path) -> None:
    """A command does not make tables where a service has not."""
    with pytest.raises(StoreError, match="no such file"):
        Database.open(f"sqlite:///{tmp_path}/store.db", migrate=False)
    sqlite3.connect(tmp_path / "store.db").execute("CREATE TABLE mine (a)")
    with pytest.raises(StoreError, match="no store of Actas"):
        Database.open(f"sqlite:///{tmp_path}/store.db", migrate=False)


def test_only_its_user_reads_a_new_store(tmp_path: Path) -> None:
    """Who acted for whom is nobody else's business."""
    Database.open(f"sqlite:///{tmp_path}/store.db").close()
    assert (tmp_path / "store.db").stat().st_mode & 0o777 == 0o600


def test_what_waits_shares_a_commit_and_fails_alone(tmp_path: Path) -> None:
    """Work that raises undoes itself only; the others of the same transaction are durable."""
    committed = []

    async def main() -> list[object]:
        database = Database.open(f"sqlite:///{tmp_path}/store.db")
        async with StoreThread(database, committed.append) as thread:
            done = await asyncio.gather(*(thread.run(_work(n)) for n in range(50)), return_exceptions=True)
        with database.reading() as connection:
            assert connection.execute(text("SELECT erasures FROM store")).scalar_one() == 49
        database.close()
        return done

    done = asyncio.run(main())
    assert [n for n, result in enumerate(done) if isinstance(result, StoreError)] == [13]
    assert 0 < committed.count("commit") < 10


def _work(number: int):  # type: ignore[no-untyped-def]
    def work(connection: Connection) -> int:
        connection.execute(text("UPDATE store SET erasures = erasures + 1"))
        if number == 13:
            raise StoreError("this one does not want to")
        return number

    return work


class _Notes:
    """Notes who writes."""

    def __init__(self, name: str, noted: list[str]) -> None:
        self._name, self._noted = name, noted

    def write(self, connection: Connection, items: Sequence[str]) -> None:  # noqa: ARG002 - nothing is written
        self._noted += [self._name for _ in items]

    def settled(self, *, committed: bool) -> None:
        """Forget nothing."""

    def rescued(self, items: Sequence[str]) -> bool:  # noqa: ARG002 - nothing is kept
        return False


def test_what_shares_a_commit_is_written_in_one_order(tmp_path: Path) -> None:
    """In whichever it came: two replicas that write the same rows would wait for each other on PostgreSQL."""
    noted: list[str] = []

    async def main() -> None:
        database, held = Database.open(f"sqlite:///{tmp_path}/store.db"), threading.Event()
        async with StoreThread(database) as thread:
            first, second = thread.lane(_Notes("first", noted)), thread.lane(_Notes("second", noted))
            await asyncio.gather(
                thread.run(lambda _: held.wait(10)),
                thread.run(lambda _: noted.append("work")),
                second.put("2"),
                first.put("1"),
                asyncio.to_thread(held.set),
            )
        database.close()

    asyncio.run(main())
    assert noted.index("first") < noted.index("second")


def test_a_postgresql_that_cannot_hold_every_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One name in another script would undo the transaction that it is written in, with what others wrote in it."""
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with postgres() as server:
        database = Database.open(server.url)
        with database.reading() as connection:
            assert connection.execute(text("SELECT :name"), {"name": "代理"}).scalar_one() == "代理"
        database.close()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        with pytest.raises(StoreError, match="encoding is LATIN1, wanted UTF8"):
            Database.open(server.url.replace("/postgres", "/latin"))


def test_a_postgresql_that_does_not_sync_is_refused() -> None:
    """Neither one that answers before it has written, nor one that never syncs."""
    with postgres() as server:
        Database.open(server.url).close()
        for setting in ("synchronous_commit=off", "fsync=off"):
            server.stop()
            server.start(setting)
            with pytest.raises(StoreError, match="does not keep what is committed"):
                Database.open(server.url)
