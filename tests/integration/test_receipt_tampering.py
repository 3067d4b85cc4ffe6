"""What somebody who can change the store does to it is found, and called by its name."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from actas.receipts.against import Reading
from actas.receipts.findings import Report
from actas.receipts.statements import trusted
from actas.receipts.verify import verify
from actas.store import Database
from store_support import Filled, cli, filled, other, recompute, tamper

EDITS = 1000
WEIGHTS = {"receipts": 12, "receipt_targets": 2, "writers": 2, "subjects": 2, "store": 1}
# Whose checkpoint is due, noted by those who write them; what was said stands in the sink.
NOTE = "checkpointed"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Give a store as it was written."""
    return filled(tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(original: Filled, tmp_path: Path) -> Filled:
    """Give a copy of it, to be tampered with."""
    shutil.copytree(original.folder, tmp_path / "store")
    return Filled(tmp_path / "store", original.key, list(original.writers))


def test_a_store_as_it_was_written_is_intact(store: Filled) -> None:
    """Nothing is found where nothing was done, with the sink and without it."""
    report = store.verify()

    assert (report.findings, report.unanchored, report.receipts) == ([], 0, 3 * (1 + 1 + 20))
    assert store.kinds(anchored=False) == set()


def test_the_command_says_what_was_done(store: Filled) -> None:
    """`actas receipts verify` ends with 0 where all is as it was written, with 1 where it is not, and names it."""
    arguments = ["receipts", "verify", "--receipts", store.url, "--json"]
    anchor = ["--against", str(store.folder / "checkpoints.jws"), "--key", str(store.folder / "jwks.json")]

    assert cli(*arguments, *anchor)[0] == 0
    tamper(store, "DELETE FROM receipts WHERE writer = 3")
    status, found = cli(*arguments, *anchor)
    assert (status, found["intact"], [finding["kind"] for finding in found["findings"]]) == (
        1,
        False,
        ["deleted_writer"],
    )


def test_a_changed_receipt_is_found(store: Filled) -> None:
    """A deny that was made an allow."""
    tamper(store, "UPDATE receipts SET document = replace(document, 'ALLOW', 'DENY') WHERE writer = 2 AND seq = 9")
    assert store.found() == [("changed", 2, 9)]


def test_a_removed_receipt_is_found(store: Filled) -> None:
    """One row less in the middle."""
    tamper(store, "DELETE FROM receipts WHERE writer = 1 AND seq = 7")
    assert store.found() == [("removed", 1, 7)]


def test_reordered_receipts_are_found(store: Filled) -> None:
    """Two rows that changed places."""
    tamper(
        store,
        "UPDATE receipts SET seq = -1 WHERE writer = 1 AND seq = 7",
        "UPDATE receipts SET seq = 7 WHERE writer = 1 AND seq = 8",
        "UPDATE receipts SET seq = 8 WHERE writer = 1 AND seq = -1",
    )
    assert "reordered" in store.kinds()


@pytest.mark.parametrize("tidy", [False, True], ids=["as it is", "with the noted end"])
def test_a_cut_off_tail_is_found(store: Filled, tidy: bool) -> None:
    """The last receipts of one writer are gone, whether or not what the store has noted fits."""
    tamper(store, "DELETE FROM receipts WHERE writer = 2 AND seq > 5")
    if tidy:
        end = "(SELECT hash FROM receipts WHERE writer = 2 AND seq = 5)"
        tamper(store, f"UPDATE writers SET seq = 5, checkpointed = 0, head = {end} WHERE writer = 2")

    assert [found[:2] for found in store.found()] == [("cut_off", 2)]


@pytest.mark.parametrize("tidy", [False, True], ids=["as it is", "with its row"])
def test_a_deleted_writer_is_found(store: Filled, tidy: bool) -> None:
    """All that one process wrote is gone, whether or not the store knows it still."""
    tamper(store, "DELETE FROM receipts WHERE writer = 3")
    if tidy:
        tamper(store, "DELETE FROM writers WHERE writer = 3")

    assert [found[:2] for found in store.found()] == [("deleted_writer", 3)]


def test_a_restored_old_copy_is_found(store: Filled) -> None:
    """The store of yesterday in the place of today's, also where the service went on with it."""
    old = store.folder / "old.db"
    Database.open(store.url).close()
    shutil.copy(store.file, old)
    for writer in store.writers:
        store.write(writer, 3)
    store.checkpoint()
    late = store.begin()
    store.checkpoint()
    _replace(store, old)

    assert store.kinds() == {"restored_copy"}
    store.writers.remove(late)
    store.begin()
    store.checkpoint()
    assert "restored_copy" in store.kinds()


def test_a_recomputed_chain_is_found(store: Filled) -> None:
    """A chain that holds together and is another one."""
    recompute(store, 2, lambda document: document.update(effect="DENY") if "effect" in document else None)

    assert store.kinds(anchored=False) == set(), "by itself the chain is in order"
    assert store.kinds() == {"recomputed"}


def test_a_salt_that_was_deleted_is_no_erasure(store: Filled) -> None:
    """Whoever deletes a salt by hand is told apart from `actas receipts erase-subject`."""
    tamper(store, "DELETE FROM subjects WHERE subject = (SELECT subject FROM subjects LIMIT 1)")
    assert store.kinds() == {"salt_removed"}


def test_another_store_in_its_place_is_found(store: Filled, tmp_path: Path) -> None:
    """A store with a chain of its own is not the one that the statements are about."""
    stranger = filled(tmp_path / "stranger")
    _replace(store, stranger.file)
    assert "other_store" in store.kinds()


@pytest.mark.slow
def test_every_one_of_a_thousand_random_edits_is_found(store: Filled) -> None:
    """Any value of any table of the receipts changed, and any row deleted."""
    chance = random.Random(7)
    said = Reading(store.sink, trusted(store.key.public_keys().encode())).go_on(Report(), _silent)
    database = Database.open(store.url)
    missed = []
    with database.reading() as connection:
        tables = {table: inspect(connection).get_columns(table) for table in WEIGHTS}
        for number in range(EDITS):
            edit = connection.begin_nested()
            done = None
            while done is None:
                done = _edit(connection, tables, chance)
            report = Report()
            verify(connection, said, report, _silent)
            if report.intact:
                missed.append(f"{number}: {done}")
            edit.rollback()
    database.close()

    assert missed == []


def _edit(connection: Connection, tables: dict[str, Any], chance: random.Random) -> str | None:
    """Change something at random, and say what; None where the database does not take it."""
    table = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    row = chance.choice(connection.execute(text(f"SELECT rowid FROM {table}")).scalars().all())
    if chance.random() < 0.1:
        connection.execute(text(f"DELETE FROM {table} WHERE rowid = {row}"))
        return f"deleted {table} {row}"
    column = chance.choice([column["name"] for column in tables[table] if column["name"] != NOTE])
    before = connection.execute(text(f"SELECT {column} FROM {table} WHERE rowid = {row}")).scalar_one()
    after = other(before, chance)
    try:
        with connection.begin_nested():
            connection.execute(text(f"UPDATE {table} SET {column} = :after WHERE rowid = {row}"), {"after": after})
    except IntegrityError:
        return None
    return f"{table}.{column} of {row}: {before!r} -> {after!r}"


def _silent(_doing: str) -> None:
    pass


def _replace(store: Filled, file: Path) -> None:
    for left in ("-wal", "-shm"):
        store.file.with_name(store.file.name + left).unlink(missing_ok=True)
    shutil.copy(file, store.file)
