"""What is said outside of the store counts for what it is: by whom, about which store, and whether anything at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.receipts import retention
from actas.receipts.against import Reading
from actas.receipts.findings import Finding, Report
from actas.receipts.statements import trusted
from actas.receipts.verify import verify
from actas.store import Database
from cli_support import actas
from store_support import Filled, cli, filled, recompute, tamper


@pytest.fixture
def store(tmp_path: Path) -> Filled:
    """Give a store as it was written, and its sink."""
    return filled(tmp_path / "store")


def test_statements_of_another_key_count_for_nothing(store: Filled, tmp_path: Path) -> None:
    """Whoever can write to the sink, but has not the key, says nothing."""
    stranger = filled(tmp_path / "stranger", writers=1, each=4)
    with (store.folder / "checkpoints.jws").open("ab") as sink:
        sink.write((stranger.folder / "checkpoints.jws").read_bytes())
    assert store.kinds() == {"sink_changed"}


def test_what_is_said_while_a_large_sink_is_read_is_no_finding(store: Filled) -> None:
    """Reading it all takes longer than a service takes until its next checkpoint; what was added is soon read."""
    reading, first, second = Reading(store.sink, trusted(store.key.public_keys().encode())), Report(), Report()
    reading.go_on(first, _silent)
    with (store.folder / "checkpoints.jws").open("ab") as sink:
        sink.write(b"half a st")
    assert [found.kind for found in _found(store, reading)] == ["sink_changed"]
    (store.folder / "checkpoints.jws").write_bytes((store.folder / "checkpoints.jws").read_bytes()[: -len("half a st")])
    store.write(store.writers[1], 2)
    store.checkpoint()
    tamper(store, "UPDATE writers SET checkpointed = seq WHERE writer = 2")

    said = reading.go_on(second, _silent)
    assert (first.statements, second.statements, said.marks[2][-1].seq) == (4, 5, 24)
    assert _found(store, reading) == []


def _found(store: Filled, reading: Reading) -> list[Finding]:
    report, database = Report(), Database.open(store.url, migrate=False)
    said = reading.go_on(report, _silent)
    with database.reading() as connection:
        verify(connection, said, report, _silent)
    database.close()
    return report.findings


def _silent(_doing: str) -> None:
    pass


def test_a_sink_that_says_nothing_is_not_the_one_that_was_told(store: Filled, tmp_path: Path) -> None:
    """Another directory by a slip of the pen, or one that somebody emptied, is no proof of anything."""
    tamper(store, "UPDATE writers SET checkpointed = seq WHERE writer = 2")
    assert store.kinds() == set()

    found = cli(
        "receipts", "verify", "--receipts", store.url, "--json",
        "--against", str(tmp_path), "--key", str(store.folder / "jwks.json"),
    )  # fmt: skip
    assert (found[0], [(one["kind"], one["writer"]) for one in found[1]["findings"]]) == (1, [("changed", 2)])


def test_a_recomputed_chain_is_found_when_its_deletion_was_signed(store: Filled) -> None:
    """Made older than it is, and then deleted by the service itself."""
    recompute(store, 2, lambda document: document.update(evaluated_at=1))
    tamper(store, "UPDATE receipts SET evaluated_at = 1 WHERE writer = 2", "DELETE FROM receipt_targets")
    database = Database.open(store.url, migrate=False)
    assert retention.prune(database, 2, store.key, store.sink) == 22
    database.close()

    assert ("recomputed", 2, 22) in store.found()


def test_what_goes_is_not_said_where_nobody_looks(store: Filled) -> None:
    """A sink that is misspelt is no new one: the deletion would be an attack in the eyes of `verify`."""
    sink, key = store.folder / "chekpoints.jws", store.folder / "key.pem"
    key.write_bytes(store.key.pem())
    ran = actas("receipts", "prune", "--before", "0d", "--receipts", store.url, "--key", key, "--against", sink)

    assert (ran.status, "no such file or directory" in ran.complaint, sink.exists()) == (2, True, False)
    assert store.kinds() == set()
