"""What every question about receipts costs: along indexes only, whatever the size of the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from receipt_load import load
from receipt_questions import measure, plans, questions, scans
from receipt_world import DAYS, RARE, REPORTED_DAY, World

from actas.receipts import listing
from actas.receipts.against import Said
from actas.receipts.filters import ReceiptFilter
from actas.receipts.findings import Report
from actas.receipts.indexes import lookups
from actas.receipts.verify import verify
from actas.store import Database
from receipt_support import KINDS, opened

ROWS = 20_000
_WHOLE = "SELECT count(*) FROM receipts WHERE document = ''"


@pytest.fixture(scope="module", params=KINDS)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, World]]:
    """A store with a month of decisions, made as `make bench-receipts` does."""
    with opened(request.param, tmp_path_factory.mktemp("store")) as database:
        yield database, load(database, ROWS, lambda _: None)


def test_no_question_looks_at_all_receipts(filled: tuple[Database, World]) -> None:
    """The plans of the databases themselves say so; agents' figures are a table of their own."""
    database, world = filled
    for name, make in questions(world).items():
        found = plans(database, make())
        assert found, name
        assert not scans(found, sqlite=database.is_sqlite), (name, found)


def test_a_question_that_looks_at_all_receipts_is_noticed(filled: tuple[Database, World]) -> None:
    """The check above can fail."""
    database, _ = filled
    found = plans(database, lambda connection: connection.exec_driver_sql(_WHOLE))
    assert scans(found, sqlite=database.is_sqlite)


@pytest.mark.parametrize(
    ("wanted", "column"),
    [
        ({"actor": "agent-0", "target": "https://nowhere.example.com/"}, "target"),
        ({"actor": "agent-0", "code": RARE}, "code"),
        ({"actor": "agent-7", "effect": "DENY"}, "agent"),
        ({"actor": "agent-7", "task_id": "task-7"}, "task_id"),
    ],
    ids=str,
)
def test_the_index_with_the_fewest_entries_is_looked_along(
    filled: tuple[Database, World], wanted: dict[str, str], column: str
) -> None:
    """Whichever condition it is of: the others are looked at for its entries only."""
    database, _ = filled
    with database.reading() as connection:
        first = lookups(connection, ReceiptFilter(**wanted), listing.SCANNED)[0]
    assert f"receipts.{column} = " in str(first.along)


def test_pages_go_on_where_conditions_leave_out_most(filled: tuple[Database, World]) -> None:
    """A day of which everything was reported lies between: the pages before and after it hold each receipt once."""
    database, world = filled
    day = ROWS // DAYS
    first, end = (REPORTED_DAY - 1) * day, (REPORTED_DAY + 2) * day
    wanted = ReceiptFilter(unreported=True, since=world.moment(first), until=world.moment(end))
    seen, token, asked = [], "", 0
    while token or not asked:
        with database.reading() as connection:
            page = listing.page(connection, wanted, size=200, token=token)
        seen += [found.decision_id for found in page.receipts]
        token, asked = page.next_token, asked + 1
    allowed = (number for number in range(end - 1, first - 1, -1) if not world.denied(number))
    assert seen == [world.decision_id(number) for number in allowed if not world.reported(number)]


def test_what_was_loaded_in_bulk_is_a_store_like_any_other(filled: tuple[Database, World]) -> None:
    """Its chains are whole, and its look-ups follow from its documents: the figures are of a real one."""
    database, _ = filled
    report = Report()
    with database.reading() as connection:
        verify(connection, Said.nothing(), report, lambda _: None)
    assert report.intact, report.to_document()


def test_answers_stay_quick(filled: tuple[Database, World]) -> None:
    """The quickest of five, since the machine may be busy; `make bench-receipts` has the figures of ten million."""
    database, world = filled
    for name, make in questions(world).items():
        taken = measure(database, make, 5)
        assert taken[0] < 500, (name, taken)
