"""What is deleted on purpose: a subject with its salt, and what is too old. Chains stay whole."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from actas.errors import StoreError
from actas.receipts import retention
from actas.receipts.entry import value_of
from actas.receipts.known_subjects import KnownSubjects
from actas.receipts.subjects import find
from actas.store import Database
from actas.store.schema import receipts, subjects
from store_support import AS, Filled, cli, filled


@pytest.fixture
def store(tmp_path: Path) -> Filled:
    """Give a store with receipts of four subjects."""
    return filled(tmp_path / "store", each=8)


def opened(store: Filled) -> list[dict[str, object]]:
    """Open what is sealed, wherever that is possible."""
    database = Database.open(store.url, migrate=False)
    with database.reading() as connection:
        known = KnownSubjects(connection)
        documents = [value_of(row) for row in connection.execute(select(receipts.c.document)).scalars()]
        found = []
        for document in documents:
            if "sealed" in document and (subject := known.get(document["sealed"]["subject"])) is not None:
                found.append(subject.seal.open(document["sealed"], document["decision_id"]))
    database.close()
    return found


def test_an_erased_subject_is_forgotten_and_the_chain_is_whole(store: Filled) -> None:
    """Her receipts stay, nobody can tell whose they are, and what comes later is hers again."""
    before = len([one for one in opened(store) if one["subject"] == {"iss": AS, "sub": "alice"}])
    assert cli("receipts", "erase-subject", "alice", "--receipts", store.url, "--json") == (0, {"erased": 1})

    assert before == 15
    assert [one for one in opened(store) if "alice" in json.dumps(one)] == []
    assert len(opened(store)) == 27 - before
    assert store.kinds() == set()
    assert b"alice" not in store.file.read_bytes()
    assert cli("receipts", "erase-subject", "alice", "--receipts", store.url, "--json")[0] == 1
    # A process that had her salt in memory makes a new one.
    store.write(store.writers[0], 1)
    assert len([one for one in opened(store) if one["subject"] == {"iss": AS, "sub": "alice"}]) == 1
    assert store.kinds() == set()


def test_an_erased_salt_is_in_no_file_of_the_store(store: Filled) -> None:
    """Also while a service has the store open, and its salt stood in the write-ahead log only."""
    service = Database.open(store.url)

    def salts() -> dict[str, bytes]:
        with service.reading() as connection:
            return {row.subject: row.salt for row in connection.execute(select(subjects.c.subject, subjects.c.salt))}

    salts()
    store.write(store.writers[0], 1, subject={"iss": AS, "sub": "zoe"})
    before = salts()
    for sub in ("alice", "zoe"):
        assert cli("receipts", "erase-subject", sub, "--receipts", store.url, "--json")[0] == 0
    erased = [before[name] for name in before.keys() - salts().keys()]
    files = [file.read_bytes() for file in store.folder.iterdir()]
    assert [any(salt in file for file in files) for salt in erased] == [False, False]
    service.close()


def test_a_subject_is_found_until_it_is_erased(store: Filled) -> None:
    """By its sub, at one issuer or at any."""
    database = Database.open(store.url, migrate=False)
    with database.reading() as connection:
        found = find(connection, "bob")
        assert len(found) == 1
        assert find(connection, "bob", AS) == found
        assert find(connection, "bob", "https://other.example.com") == []
    database.close()


def test_what_is_too_old_goes_with_a_statement(store: Filled) -> None:
    """The rest follows what is gone; without the statement the same is an attack."""
    time.sleep(0.01)
    before = time.time()
    for writer in store.writers:
        store.write(writer, 2)
    database = Database.open(store.url, migrate=False)
    deleted = retention.prune(database, before, store.key, store.sink)
    database.close()

    assert deleted == 3 * 10
    assert store.verify().receipts == 3 * 2
    assert store.kinds() == set()
    assert store.kinds(anchored=False) == {"removed"}


@pytest.mark.parametrize(
    "made_old",
    [
        "UPDATE receipts SET evaluated_at = 0",
        "UPDATE receipts SET document = replace(document, '\"evaluated_at\":1', '\"evaluated_at\":0')",
        "DELETE FROM receipts WHERE writer = 2 AND seq = 4",
    ],
    ids=["column", "document", "missing"],
)
def test_young_receipts_do_not_go_because_somebody_made_them_old(store: Filled, made_old: str) -> None:
    """Whoever can write to the store must not have the service sign the deletion of what was decided just now."""
    connection = sqlite3.connect(store.file)
    connection.execute(made_old)
    connection.commit()
    connection.close()
    found, database = store.kinds(), Database.open(store.url, migrate=False)
    before = time.time() + (60 if "DELETE" in made_old else -3600)

    with suppress(StoreError):
        assert retention.prune(database, before, store.key, store.sink) == 0
    database.close()
    assert store.kinds() == found != set()
