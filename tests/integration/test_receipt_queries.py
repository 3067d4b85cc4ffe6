"""Receipts asked of a real store, SQLite and PostgreSQL: who, what, where, when, in pages, and whole trees."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from actas.errors import ProtocolError
from actas.receipts import listing
from actas.receipts.filters import ReceiptFilter
from actas.receipts.tree_query import tree_of
from actas.store import Database
from receipt_documents import START, denied, name, receipt
from receipt_support import KINDS, fill, opened

FILES = "https://files.example/"
CRAWLER = {"iss": "https://idp.example", "sub": "crawler-client", "agent": "crawler", "version": "2"}
WORKLOAD = {"sub": "client-7", "spiffe_id": "spiffe://example.org/mail"}
RECEIPTS = [
    receipt(1, task_id="t-1"),
    receipt(2, parent=1, actor=CRAWLER, target=["https://mail.example/", FILES]),
    denied(3, parent=1, actor=CRAWLER, target=[FILES], codes=["TARGET_UNKNOWN", "SCOPE_EMPTY"]),
    receipt(4, subject={"iss": "https://idp.example", "sub": "bob"}, root_decision_id=name(4)),
    receipt(5, subject={"iss": "https://other.example", "sub": "alice"}, root_decision_id=name(5), actor=WORKLOAD),
]


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with a few receipts of two writers."""
    with opened(request.param, tmp_path_factory.mktemp("store")) as database:
        fill(database, RECEIPTS[::2])
        fill(database, RECEIPTS[1::2])
        yield database


def listed(database: Database, **wanted: Any) -> list[str]:
    """List what is wanted, one page of ten, by the number of the receipt."""
    with database.reading() as connection:
        page = listing.page(connection, ReceiptFilter(**wanted), size=10)
    assert page.next_token == ""
    return [int(found.decision_id[-3:]) for found in page.receipts]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"actor": "mail-agent"}, [4, 1]),
        ({"actor": "crawler"}, [3, 2]),
        ({"actor": "crawler-client"}, [3, 2]),
        ({"actor": "spiffe://example.org/mail"}, [5, 4, 1]),
        ({"actor": "nobody"}, []),
        ({"subject": "alice"}, [5, 3, 2, 1]),
        ({"subject": "alice", "subject_issuer": "https://other.example"}, [5]),
        ({"subject": "eve"}, []),
        ({"target": "https://mail.example/"}, [5, 4, 2, 1]),
        ({"target": FILES}, [3, 2]),
        ({"target": FILES, "actor": "crawler"}, [3, 2]),
        ({"target": FILES, "subject": "alice", "effect": "ALLOW"}, [2]),
        ({"task_id": "t-1"}, [1]),
        ({"effect": "DENY"}, [3]),
        ({"code": "TARGET_UNKNOWN"}, [3]),
        ({"code": "SCOPE_EMPTY"}, []),
        ({"since": START + 2, "until": START + 4}, [3, 2]),
        ({"since": START + 2, "actor": "mail-agent"}, [4]),
        ({"unreported": True}, [5, 4, 2, 1]),
    ],
    ids=str,
)
def test_receipts_are_listed_newest_first(database: Database, wanted: dict[str, Any], numbers: list[int]) -> None:
    """Each condition alone, and together."""
    assert listed(database, **wanted) == numbers


@pytest.mark.parametrize("size", [1, 2, 3, 10])
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"actor": "crawler"},
        {"target": "https://mail.example/"},
        {"actor": "spiffe://example.org/mail", "effect": "ALLOW"},
        {"effect": "DENY"},
        {"target": FILES, "actor": "crawler", "effect": "DENY"},
        {"unreported": True, "subject": "alice"},
    ],
    ids=str,
)
@pytest.mark.parametrize("scanned", [1, 3, 1000])
def test_pages_hold_each_receipt_once(
    database: Database, wanted: dict[str, Any], size: int, scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size and however far each looks, in the same order as without pages."""
    expected = listed(database, **wanted)
    monkeypatch.setattr(listing, "SCANNED", scanned)
    asked, token, seen = ReceiptFilter(**wanted), "", []
    while True:
        with database.reading() as connection:
            page = listing.page(connection, asked, size=size, token=token)
        assert len(page.receipts) <= size
        seen += [int(found.decision_id[-3:]) for found in page.receipts]
        token = page.next_token
        if not token:
            break
    assert seen == expected


def test_a_page_stops_looking_and_the_next_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What few receipts meet does not make one page look through all of them."""
    monkeypatch.setattr(listing, "SCANNED", 1)
    asked = ReceiptFilter(effect="ALLOW", target=FILES)
    with database.reading() as connection:
        first = listing.page(connection, asked, size=1)
        assert not first.receipts
        second = listing.page(connection, asked, size=1, token=first.next_token)
        assert [found.decision_id for found in second.receipts] == [name(2)]


def test_a_page_token_of_another_question_is_refused(database: Database) -> None:
    """It would skip receipts silently."""
    with database.reading() as connection:
        token = listing.page(connection, ReceiptFilter(), size=1).next_token
        digest = ReceiptFilter().digest()
        made_up = [[digest, 0, 2**63, 1], [digest, "nan", 1, 1], [digest, 10**400, 1, 1], [digest, 0, -1, 1], [1], 1]
        wrong = [base64.urlsafe_b64encode(json.dumps(members).encode()).decode() for members in made_up]
        for given in (token[:-4], "no token", "é", *wrong):
            with pytest.raises(ProtocolError, match="page_token"):
                listing.page(connection, ReceiptFilter(), size=1, token=given)
        with pytest.raises(ProtocolError, match="page_token: is that of another question"):
            listing.page(connection, ReceiptFilter(effect="DENY"), size=1, token=token)


def test_a_page_token_goes_on_where_since_is_a_moment_later(database: Database) -> None:
    """As `--since 24h` says with every command."""
    with database.reading() as connection:
        first = listing.page(connection, ReceiptFilter(since=1.0, until=2**33), size=1)
        later = ReceiptFilter(since=1.5, until=2**33 + 1)
        second = listing.page(connection, later, size=1, token=first.next_token)
        both = listing.page(connection, ReceiptFilter(), size=2)
    assert [one.decision_id for one in (*first.receipts, *second.receipts)] == [
        one.decision_id for one in both.receipts
    ]


def test_what_is_read_back_is_what_was_recorded(database: Database) -> None:
    """The subject, which is kept sealed, is read with the rest."""
    with database.reading() as connection:
        (found,) = listing.page(connection, ReceiptFilter(task_id="t-1"), size=1).receipts
    assert found.document == RECEIPTS[0].document


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_tree_is_found_by_any_of_its_decisions(database: Database, number: int) -> None:
    """The root's id is the txn of every token in it."""
    with database.reading() as connection:
        tree = tree_of(connection, name(number))
    assert [found.decision_id for found in tree.receipts] == [name(1), name(2), name(3)]
    assert not tree.truncated


def test_a_tree_is_cut_where_it_is_said_so(database: Database) -> None:
    """Nothing is left out silently; and an unknown decision has no tree."""
    with database.reading() as connection:
        tree = tree_of(connection, name(3), most=2)
        assert [found.decision_id for found in tree.receipts] == [name(1), name(2)]
        assert tree.truncated
        assert not tree_of(connection, name(99)).receipts
