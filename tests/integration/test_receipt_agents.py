"""Figures by agent and version: exact before they are counted, while they are, and after."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actas.errors import ProtocolError
from actas.receipts import counting
from actas.receipts.agents import compare, spans
from actas.receipts.answers import Hours
from actas.store import Database
from receipt_documents import START, denied, receipt
from receipt_support import KINDS, fill, opened

HOUR = 3600
MAIL = {"sub": "mail", "agent": "mail-agent"}
RECEIPTS = [
    *(receipt(number, actor={**MAIL, "version": "1"}, notes=None) for number in range(1, 8)),
    receipt(8, actor={**MAIL, "version": "2"}),
    *(denied(number, actor={**MAIL, "version": "2"}, codes=["TARGET_UNKNOWN"]) for number in (9, 10)),
    denied(11, actor={**MAIL, "version": "2"}, codes=["ACR_INSUFFICIENT"], obligations=["step-up"]),
    receipt(12, actor={"sub": "crawler", "agent": "crawler"}),
    receipt(13, actor={"sub": "nobody's"}),
    receipt(14, actor={**MAIL, "version": "1"}, evaluated_at=START + 3 * HOUR),
    receipt(15, actor={**MAIL, "version": "1"}, evaluated_at=START + 60 * HOUR),
]
AROUND = Hours.around(START, START + HOUR)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store of two writers."""
    with opened(request.param, tmp_path_factory.mktemp("store")) as database:
        fill(database, RECEIPTS[::2])
        fill(database, RECEIPTS[1::2])
        yield database


def compared(database: Database, hours: Hours = AROUND, **asked: Any) -> list[dict[str, Any]]:
    """Compare."""
    with database.reading() as connection:
        return [version.to_document() for version in compare(connection, hours, **asked)]


def version(agent: str, number: str, decisions: int, denials: int, narrowed: int, step_ups: int, **codes: int) -> Any:
    """Write down what is expected of one version."""
    return {
        "agent": agent, "version": number, "decisions": decisions, "denied": denials,
        "deny_rate": round(denials / decisions, 4), "narrowed": narrowed, "step_ups": step_ups, "codes": codes,
    }  # fmt: skip


def test_versions_are_compared_alike_before_and_after_they_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever counts, and however often: each decision counts once."""
    expected = [
        version("crawler", "", 1, 0, 1, 0),
        version("mail-agent", "1", 7, 0, 0, 0),
        version("mail-agent", "2", 4, 3, 1, 1, TARGET_UNKNOWN=2, ACR_INSUFFICIENT=1),
    ]
    assert compared(database) == expected
    monkeypatch.setattr(counting, "PIECE", 3)
    workers = [threading.Thread(target=counting.count, args=(database,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert compared(database) == expected
    assert counting.count(database) == 0
    assert compared(database, agent="crawler") == expected[:1]

    fill(database, [receipt(16, actor={"sub": "crawler", "agent": "crawler"})])
    assert compared(database, agent="crawler") == [version("crawler", "", 2, 0, 2, 0)]


def test_days_and_the_hours_around_them_are_put_together(database: Database) -> None:
    """Of what was decided outside of the hours asked for, nothing is counted, whether counted or not."""
    for _ in range(2):
        for end, decisions in ((1, 7), (3.5, 8), (59, 8), (61, 9), (None, 9)):
            hours = Hours.around(START, None if end is None else START + end * HOUR)
            (first, *_) = compared(database, hours, agent="mail-agent")
            assert (first["version"], first["decisions"]) == ("1", decisions), end
        assert compared(database, Hours.around(START + 4 * HOUR, None)) == [version("mail-agent", "1", 1, 0, 1, 0)]
        counting.count(database)


def test_a_store_that_counted_no_weeks_yet_is_given_them(database: Database) -> None:
    """The step from the version before makes them of the days, in either database."""
    months = Hours.around(START - 60 * 24 * HOUR, None)
    expected = compared(database, months)
    counting.count(database)
    assert compared(database, months) == expected
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM agent_counts WHERE hours = 168")
        connection.exec_driver_sql("DROP INDEX receipts_by_denial")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    assert compared(database, months) == []
    Database.open(database.address).close()
    assert compared(database, months) == expected


@settings(deadline=None)
@given(st.integers(0, 500_000), st.integers(0, 1000) | st.none())
def test_spans_hold_each_hour_once(first: int, length: int | None) -> None:
    """Whole weeks and days, and what is left of the first and the last one."""
    end = None if length is None else first + length
    found = [
        hour
        for span in spans(Hours(first, end))
        for number in range(span.first, span.first + 5 if span.end is None else span.end)
        for hour in range(number * span.hours, (number + 1) * span.hours)
    ]
    asked = list(range(first, first + 100 if end is None else end))
    assert sorted(found)[: len(asked)] == asked
    assert end is None or len(found) == len(asked)


def test_hours_that_end_before_they_begin_are_refused() -> None:
    """No figures at all would look like an agent that does nothing."""
    with pytest.raises(ProtocolError, match="until: must be later than since"):
        Hours.around(START, START - 7 * 24 * HOUR)
