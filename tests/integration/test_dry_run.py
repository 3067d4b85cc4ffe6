"""What a revocation would cut, as the receipts know it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from actas.errors import ProtocolError
from actas.receipts.chain import ChainWriter
from actas.receipts.delegations import LiveDelegation
from actas.receipts.entry import Entry
from actas.receipts.live import would_cut
from actas.server import revocation_service
from actas.store import Database
from store_support import AS, entry

MAIL, BOT = "spiffe://example.org/agent/mail", "mail-bot"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with one agent that acted under two identities, and with a decision of which nothing came."""
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('store')}/receipts.db")
    lives = {"issued": {"not_after": int(time.time()) + 600}}
    unused = entry("carol", **lives)
    entries = [
        entry("alice", **lives),
        entry("bob", actor={"iss": AS, "sub": BOT, "agent": "mail"}, authorization_server="https://other", **lives),
        unused,
        Entry(
            "outcome",
            unused.decision_id,
            {"evaluated_at": time.time(), "reporter": "sts", "report": {"issued": False}},
            {},
            part="issued",
        ),
        entry("dave", issued={"not_after": 5}),
    ]
    with database.writing() as connection:
        ChainWriter("test").write(connection, entries)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("revoked", "whose"),
    [
        ({"kind": "agent", "id": "mail"}, ["alice", "bob"]),
        ({"kind": "agent", "id": BOT}, []),
        ({"kind": "actor", "sub": MAIL}, ["alice", "bob"]),
        ({"kind": "actor", "sub": BOT}, ["alice", "bob"]),
        ({"kind": "delegation", "sub": "bob", "actor": MAIL}, ["bob"]),
        ({"kind": "client", "client_id": "agent-mail"}, ["alice", "bob"]),
        ({"kind": "client", "client_id": "agent-mail", "authorization_server": AS}, ["alice"]),
        ({"kind": "subject", "sub": "carol"}, []),
        ({"kind": "subject", "sub": "dave"}, []),
    ],
)
def test_a_dry_run_names_what_policy_would_refuse(store: Database, revoked: dict[str, Any], whose: list[str]) -> None:
    """An agent under each of its identities, a client at its own server; no token that was never issued, or ended."""
    with store.reading() as connection:
        found, _ = would_cut(connection, [revoked], time.time())
    assert sorted(live.subject_sub for live in found) == whose


def test_a_dry_run_that_cannot_tell_says_so(store: Database) -> None:
    """That nothing would be cut would be an answer."""
    with store.reading() as connection, pytest.raises(ProtocolError, match="of which session"):
        would_cut(connection, [{"kind": "session", "sid": "s-1"}], time.time())


def test_a_dry_run_fits_into_one_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest usable come first, so that what is left out ends no later."""
    monkeypatch.setattr(revocation_service, "_MOST_BYTES", 100_000)
    lives = [LiveDelegation(AS, f"user-{number}", "mail", "api", 1, 2**31 - number) for number in range(3000)]
    told = revocation_service._fitting(lives)

    assert 1000 < len(told) < 3000
    assert sum(message.ByteSize() for message in told) < 100_000
    assert [message.subject_sub for message in told[:2]] == ["user-0", "user-1"]
