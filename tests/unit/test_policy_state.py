"""The revocation file: what a request learns of it, and what happens when it can't be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actas.policy.state import RevocationFile, RevocationState
from actas.request import Client, ExchangeRequest, JsonText, Token

PLANNER = "spiffe://example.org/agent/planner"
MAIL = "spiffe://example.org/agent/mail"


def token(**claims: Any) -> Token:
    """A token with *claims*."""
    return Token(claims=JsonText(json.dumps(claims), claims))


REQUEST = ExchangeRequest(
    authorization_server="https://as.example.com",
    client=Client(client_id="chat"),
    subject_token=token(sub="alice", jti="st-1", act={"sub": MAIL, "act": {"sub": PLANNER}}),
    actor_token=token(sub=MAIL, jti="at-1"),
)


@pytest.mark.parametrize(
    ("entry", "touched"),
    [
        ({"kind": "subject", "iss": "https://a", "sub": "alice", "event_timestamp": 1}, True),
        ({"kind": "subject", "sub": "bob"}, False),
        ({"kind": "actor", "sub": PLANNER}, True),
        ({"kind": "actor", "sub": "spiffe://example.org/agent/another-identity"}, True),
        ({"kind": "actor", "sub": "maybe-an-agent-id"}, True),
        ({"kind": "agent", "id": "mail"}, True),
        ({"kind": "actor_prefix", "sub": "spiffe://example.org/agent"}, True),
        ({"kind": "actor_prefix", "sub": "spiffe://example.org/agent/"}, True),
        ({"kind": "actor_prefix", "sub": "spiffe://example.org/another"}, True),
        ({"kind": "actor_prefix", "sub": "spiffe://example.org"}, True),
        ({"kind": "client", "client_id": "chat"}, True),
        ({"kind": "client", "client_id": "other"}, False),
        ({"kind": "delegation", "sub": "alice", "actor": "mail"}, True),
        ({"kind": "delegation", "sub": "bob", "actor": "mail"}, False),
        ({"kind": "jti", "jti": "at-1"}, True),
        ({"kind": "jti", "jti": "at-2"}, False),
    ],
)
def test_a_request_gets_every_entry_that_may_be_about_it(entry: dict[str, Any], touched: bool) -> None:
    """Too many entries cost time; one too few lets a revoked party through."""
    state = RevocationState.from_document({"revocations": [entry]}).lookup(REQUEST)

    assert state.freshness == "fresh"
    assert state.revocations == ([entry] if touched else [])


def test_a_revocation_counts_from_the_next_decision_on(tmp_path: Path) -> None:
    """The file is looked at before every decision, and each content has its own version."""
    path = tmp_path / "revocations.json"
    path.write_text('{"revocations": []}')
    file = RevocationFile(path)
    before = file.lookup(REQUEST)
    path.write_text('{"revocations": [{"kind": "client", "client_id": "chat"}]}')
    after = file.lookup(REQUEST)

    assert before.revocations == []
    assert after.revocations == [{"kind": "client", "client_id": "chat"}]
    assert before.version != after.version


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "Expecting value"),
        ("[]", "dictionary"),
        ('{"revocations": [{"kind": "client"}]}', "revocations.0.client.client_id"),
        ('{"revocations": [{"kind": "clint", "client_id": "a"}]}', "revocations.0"),
        ('{"revocations": [{"kind": "chain", "jti": "a"}]}', "revocations.0"),
        ('{"revocations": [{"kind": "claims", "claims": {"a": 1}}]}', "needs a sub or a jti"),
        ('{"revocations": [{"kind": "client", "client_id": "a", "until": "soon"}]}', "until"),
        ('{"revocations": [], "revocations": []}', "duplicate key"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_file_that_nobody_understands_is_stale(tmp_path: Path, content: str, problem: str) -> None:
    """What can't be read might have revoked anybody."""
    path = tmp_path / "revocations.json"
    path.write_text(content)
    file = RevocationFile(path)

    state = file.lookup(REQUEST)

    assert (state.freshness, state.revocations) == ("stale", [])
    assert problem in file.problem


def test_a_file_that_is_gone_is_stale_until_it_is_back(tmp_path: Path) -> None:
    """Losing the file does not give anybody their rights back."""
    path = tmp_path / "revocations.json"
    file = RevocationFile(path)
    gone = file.lookup(REQUEST).freshness
    path.write_text('{"revocations": []}')

    assert (gone, file.lookup(REQUEST).freshness, file.problem) == ("stale", "fresh", "")


@pytest.mark.parametrize("value", [None, True, 1, 1.5, [], ["st-1"], {}, {"jti": "st-1"}], ids=repr)
@pytest.mark.parametrize("name", ["jti", "sub", "client_id", "azp", "act"])
def test_a_claim_of_another_type_names_nothing_and_breaks_nothing(name: str, value: Any) -> None:
    """The look-up never raises: what a claim holds is the sender's choice."""
    state = RevocationState.from_document({"revocations": [{"kind": "jti", "jti": "st-1"}]})
    spoiled = token(**{"sub": "alice", "jti": "other", name: value})

    request = ExchangeRequest("https://as.example.com", subject_token=spoiled, actor_token=spoiled)

    assert state.lookup(request).revocations == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_moment_that_is_no_number_makes_the_state_stale(tmp_path: Path, number: str) -> None:
    """It would not reach the policy as what it is."""
    path = tmp_path / "revocations.json"
    path.write_text(f'{{"revocations": [{{"kind": "agent", "id": "a", "until": {number}}}]}}')

    assert RevocationFile(path).lookup(REQUEST).freshness == "stale"
