"""`actas revoke` and `actas restore`: at a running service, or in its store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actas.client import DecisionClient
from cli_support import Ran, actas
from revocation_support import asking, codes, settings, signed_event, trust_events
from service_support import RunningService, adopter_root, lasting, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with a SQLite store, whose registry trusts an issuer of security events."""
    folder = tmp_path_factory.mktemp("service")
    given = settings(folder, f"sqlite:///{folder}/receipts.db")
    trust_events(folder / "root")
    with lasting(folder, given) as started:
        yield started


@pytest.fixture
def asks(running: RunningService) -> Iterator[DecisionClient]:
    """A client of the service."""
    with DecisionClient(running.address, timeout=10) as client:
        yield client


@pytest.fixture(params=["target", "store"])
def where(request: pytest.FixtureRequest, running: RunningService) -> tuple[str, str]:
    """The options that say where: the service, or its store."""
    if request.param == "target":
        return "--target", running.address
    return "--receipts", f"sqlite:///{running.folder}/receipts.db"


def _done(*arguments: str) -> Ran:
    ran = actas(*arguments)
    assert ran.status == 0, ran.complaint
    return ran


async def test_what_is_revoked_is_refused_and_listed_until_it_is_restored(
    where: tuple[str, str], asks: DecisionClient
) -> None:
    """A service follows its store within a second, whoever wrote into it."""
    until_then = int(time.time()) + 86400
    revoked = _done("revoke", "jti", "st-1", "other", "--until", "24h", "--reason", "stolen", "--json", *where).document
    await until(lambda: codes(asks, asking()) == ["TOKEN_REVOKED"], 5)
    listed = _done("revoke", "list", "--json", *where).documents
    shown = _done("revoke", "list", *where).output
    restored = _done("restore", "jti", "st-1", "other", *where).output
    await until(lambda: codes(asks, asking()) == [], 5)

    assert [entry["jti"] for entry in revoked["revocations"]] == ["st-1", "other"]
    assert [(entry["jti"], entry["reason"]) for entry in listed] == [("st-1", "stolen"), ("other", "stolen")]
    assert 0 <= listed[0]["until"] - until_then < 60
    assert "st-1" in shown
    assert restored.startswith("restored jti st-1\nrestored jti other\nin force in every replica within a second")
    assert _done("revoke", "list", *where).output == "nothing is revoked\n"


def test_a_dry_run_says_what_would_be_cut_and_cuts_nothing(where: tuple[str, str], asks: DecisionClient) -> None:
    """It names the live delegations, and until when their tokens are accepted whatever is revoked."""
    assert codes(asks, asking()) == []
    hit = _done("revoke", "delegation", "alice", "spiffe://example.org/agent/mail", "--dry-run", "--json", *where)
    missed = _done("revoke", "subject", "bob", "--dry-run", "--json", *where)
    shown = _done("revoke", "actor-prefix", "spiffe://example.org/agent", "--dry-run", *where).output

    (delegation,) = hit.document["delegations"]
    assert (delegation["subject_sub"], delegation["actor"]) == ("alice", "spiffe://example.org/agent/mail")
    assert 0 < delegation["usable_until"] - time.time() <= 600
    assert hit.document["usable_until"] == delegation["usable_until"]
    assert missed.document == {"delegations": [], "usable_until": None, "truncated": False}
    assert "stays usable until" in shown
    assert codes(asks, asking()) == []


def test_a_subject_whose_logins_are_revoked_logs_in_again(where: tuple[str, str], asks: DecisionClient) -> None:
    """Tokens of a login before that are refused, and nothing else."""
    _done("revoke", "subject", "alice", "--logins-until", "2020-01-01T00:00:00Z", *where)
    assert codes(asks, asking()) == []
    assert _done("restore", "subject", "alice", *where).status == 0


def test_a_security_event_is_taken_in_once(running: RunningService, asks: DecisionClient) -> None:
    """What its issuer signed is revoked; the same event again changes nothing."""
    at = ("--target", running.address)
    event = running.folder / "event"
    event.write_text(signed_event("set-1"), encoding="utf-8")
    first = _done("revoke", "--set", str(event), "--json", *at).document
    refused = codes(asks, asking())
    _done("restore", "subject", "alice", *at)
    again = _done("revoke", "--set", str(event), "--json", *at).document
    allowed = codes(asks, asking())
    event.write_text(signed_event("set-2", sub="alice"), encoding="utf-8")
    wrong = actas("revoke", "--set", event, *at)

    assert (first["done"], first["revocations"][0]["sub"], refused) == ("revoked", "alice", ["SUBJECT_REVOKED"])
    assert (again["done"], again["revocations"], allowed) == ("known", [], [])
    assert (wrong.status, "the claim sub" in wrong.complaint) == (2, True)
    rejected = [entry for entry in running.events if entry["event"] == "SET_REJECTED"]
    assert [entry["problem"] for entry in rejected] == ["has the claim sub, which no event has"]


def test_a_service_without_a_store_says_what_it_lacks(tmp_path: Path) -> None:
    """Whoever would revoke learns in which setting a store is named."""
    with lasting(tmp_path, {"policies": adopter_root(tmp_path / "root")}) as running:
        ran = actas("revoke", "agent", "mail", "--target", running.address)

    assert (ran.status, "without a store (its setting receipts)" in ran.complaint) == (3, True)
