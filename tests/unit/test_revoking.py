"""`actas revoke` and `actas restore`: what is refused before anything is asked."""

from __future__ import annotations

import getpass
import json
import os
from pathlib import Path

import pytest

from actas.store import Database
from command_runs import run


def _refused(*arguments: str) -> str:
    ran = run(*arguments, ACTAS_RECEIPTS="")
    assert ran.exit_code == 2, ran.output
    return ran.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("revoke", "robot", "a"), "KIND is one of agent, actor"),
        (("revoke", "agent"), "an ID is missing"),
        (("revoke", "delegation", "alice"), "SUBJECT ACTOR"),
        (("revoke", "agent", "a", "--until", "soon"), "--until"),
        (("revoke", "agent", "a", "--until", "24"), "--until: is over already"),
        (("revoke", "agent", "a", "--until", "2020-01-01T00:00:00Z"), "--until: is over already"),
        (("revoke", "actor-prefix", "mail-"), "actor-prefix: is no SPIFFE ID"),
        (("revoke", "actor-prefix", "spiffe://Example.org/agent"), "actor-prefix: is no SPIFFE ID"),
        (("revoke", "agent", "a", "--issuer", "https://as"), "--issuer"),
        (("revoke", "agent", "a", "--logins-until", "now"), "--logins-until"),
        (("revoke", "subject", "a", "--logins-until", "5m"), "--logins-until"),
        (("revoke", "claims", "a"), "--set"),
        (("revoke", "list", "agent"), "stand alone"),
        (("revoke", "list", "--until", "3h"), "stand alone"),
        (("revoke", "--set", "event", "--until", "3h"), "stand alone"),
        (("revoke", "agent", "a"), "--target HOST:PORT, or --receipts"),
        (("restore", "robot", "a"), "KIND is one of"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(arguments: tuple[str, ...], complaint: str) -> None:
    """It names the option or the word."""
    assert complaint in _refused(*arguments)


def test_only_a_service_knows_whose_events_to_believe(tmp_path: Path) -> None:
    """Into the store itself nobody can put an event."""
    store = f"sqlite:///{tmp_path}/receipts.db"
    Database.open(store).close()
    (tmp_path / "event").write_text("a.b.c", encoding="utf-8")

    assert "--target" in _refused("revoke", "--set", f"{tmp_path}/event", "--receipts", store)
    assert "nowhere" in _refused("revoke", "--set", "nowhere", "--receipts", store)
    assert "nothing of the kind is revoked" in _refused("restore", "agent", "nobody", "--receipts", store)


def test_a_user_without_a_name_can_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under a number alone: the record has the number."""

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(getpass, "getuser", nameless)
    store = f"sqlite:///{tmp_path}/receipts.db"
    Database.open(store).close()
    assert run("revoke", "agent", "a", "--receipts", store).exit_code == 0
    listed = run("revoke", "list", "--json", "--receipts", store).stdout
    assert json.loads(listed)["recorded_by"] == f"user {os.getuid()}"


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Revoking in a store that no service has would revoke nothing."""
    ran = run("revoke", "agent", "a", "--receipts", f"sqlite:///{tmp_path}/none.db")

    assert (ran.exit_code, "no such file" in ran.stderr) == (3, True)
    assert not (tmp_path / "none.db").exists()
