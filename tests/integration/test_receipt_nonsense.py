"""Whoever can write to the store can write anything: nonsense is found and named as well, and ends no verification."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actas.receipts.chain import GENESIS, link
from actas.revocation import log
from actas.revocation.change import NO_HASH, Change, chained
from actas.store import Database
from cli_support import actas
from store_support import Filled, filled, recompute, tamper

DEEP = "[" * 100_000


@pytest.fixture
def store(tmp_path: Path) -> Filled:
    """Give a store as it was written, and its sink."""
    return filled(tmp_path / "store", each=4)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("start", {"name": None, "store_id": [{}]}),
        ("decision", {"sealed": {"subject": ["x"]}}),
        ("decision", {"kind": "erasure"}),
        ("decision", {"kind": "erasure", "subjects": 5}),
    ],
)
def test_an_entry_that_says_what_no_entry_says_is_found(store: Filled, kind: str, changes: dict[str, Any]) -> None:
    """Although its chain holds together."""

    def change(document: dict[str, object]) -> None:
        if document["kind"] == kind:
            document.update(changes)

    recompute(store, 2, change)
    if "kind" in changes:
        tamper(store, "UPDATE receipts SET kind = 'erasure', effect = 'ALLOW' WHERE writer = 2 AND kind = 'decision'")

    assert {writer for _, writer, _ in store.found()} == {2}


def test_a_document_that_no_reader_could_read_is_found(store: Filled) -> None:
    """However deep it is nested."""
    hashed = link(GENESIS, DEEP.encode()).hex()
    tamper(store, f"UPDATE receipts SET document = '{DEEP}', hash = x'{hashed}' WHERE writer = 2 AND seq = 1")
    assert ("changed", 2, 1) in store.found()


@pytest.mark.parametrize("document", [DEEP, "[1]", "{}", '{"evaluated_at":1,"decision_id":"x","sealed":5}'])
def test_an_unreadable_receipt_does_not_hide_the_others(store: Filled, document: str) -> None:
    """It is listed as what it is; what was done to it, `verify` says."""
    tamper(store, f"UPDATE receipts SET document = '{document}' WHERE writer = 2 AND seq = 4")
    ran = actas("receipts", "list", "--json", "--receipts", store.url)
    (odd,) = [found for found in ran.documents if "unreadable" in found]

    assert (ran.status, len(ran.documents)) == (0, 15)
    assert (odd["writer"], odd["seq"]) == (2, 4)
    assert actas("receipts", "list", "--receipts", store.url).status == 0
    tree = actas("receipts", "tree", odd["decision_id"], "--receipts", store.url)
    assert (tree.status, "unreadable" in tree.output) == (0, True)


def test_targets_of_no_entry_are_found(store: Filled) -> None:
    """Of a number that was never given, and of a writer that there never was."""
    tamper(store, "INSERT INTO receipt_targets VALUES (1, 999, 'x', 1), (77, 1, 'x', 1)")
    assert store.kinds() == {"changed"}


@pytest.mark.parametrize("document", [DEEP, "[1]", '{"version":1,"what":"revoke","entry":[]}', None])
def test_a_log_of_revocations_that_is_another_one_is_found(store: Filled, document: str | None) -> None:
    """Whether or not its hashes are right."""
    database = Database.open(store.url)
    with database.writing() as connection:
        log.append(connection, [Change("revoke", {"kind": "agent", "id": name}, "bob", 1.0) for name in ("a", "b")])
    assert store.kinds() == set()

    if document is None:
        tamper(store, "DELETE FROM revocations WHERE version = 1")
    else:
        hashed = chained(NO_HASH, document).hex()
        tamper(store, f"UPDATE revocations SET document = '{document}', hash = x'{hashed}' WHERE version = 1")
    database.close()
    (found,) = store.verify().findings
    assert json.dumps(found.to_document()).count("revocation")
