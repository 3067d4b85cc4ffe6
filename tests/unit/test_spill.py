"""Receipts in local files while the store is down: what counts, whose they are, and who reads them back."""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.errors import StoreError
from actas.receipts.entry import Entry
from actas.receipts.spill import Spill


def entry(name: str) -> Entry:
    """Give an entry about the decision *name*."""
    return Entry("decision", name, {"evaluated_at": 1.5}, {"subject": {"iss": "i", "sub": "s"}}, ("i", "s"))


def names(spill: Spill) -> list[str]:
    """Give the decisions in the files that nobody writes."""
    with spill.left() as files:
        return [entry.decision_id for _, entries in files for entry in entries]


def test_what_was_kept_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Everything but that it may be in the store already, which is looked up then."""
    spill = Spill(tmp_path)
    spill.keep([entry("d-1"), entry("d-2")])
    with spill.left() as [(path, entries)]:
        assert [(e.kind, e.decision_id, e.document, e.sealed, e.party, e.again) for e in entries] == [
            ("decision", name, {"evaluated_at": 1.5}, {"subject": {"iss": "i", "sub": "s"}}, ("i", "s"), True)
            for name in ("d-1", "d-2")
        ]
        spill.done(path)
    assert not spill.is_used()
    assert (path.parent, path.exists()) == (tmp_path, False)


def test_a_line_that_was_not_written_whole_does_not_count(tmp_path: Path) -> None:
    """Its process died before the answer left."""
    spill = Spill(tmp_path)
    spill.keep([entry("d-1")])
    spill.close()
    (file,) = tmp_path.iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"kind": "decision", "decis')

    assert names(Spill(tmp_path)) == ["d-1"]


def test_the_file_of_a_process_that_lives_is_left_to_it(tmp_path: Path) -> None:
    """Only who ended has left something; only the user of the service reads it."""
    living, other = Spill(tmp_path), Spill(tmp_path)
    living.keep([entry("d-1")])
    (file,) = tmp_path.iterdir()

    assert file.stat().st_mode & 0o777 == 0o600
    assert names(other) == []
    living.close()
    assert names(other) == ["d-1"]


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    """The answer does not leave then."""
    with pytest.raises(StoreError):
        Spill(tmp_path / "gone").keep([entry("d-1")])
