"""Callers: who is recognised, and what each may do."""

from __future__ import annotations

import hashlib

import pytest

from actas.config import Caller
from actas.errors import ProtocolError, Status
from actas.server.callers import UNNAMED, Callers

TOKEN = "a-long-random-token"
REMOTE, LOCAL = "ipv4:192.0.2.1:5000", "unix:"
CALLERS = Callers(
    [
        Caller(
            name="sts",
            token_sha256=(hashlib.sha256(TOKEN.encode()).hexdigest(), hashlib.sha256(b"the next one").hexdigest()),
            authorization_servers=("https://as.example",),
            permissions=frozenset({"explain"}),
        )
    ]
)


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", "Bearer the next one"])
def test_a_caller_is_known_by_its_token(header: str) -> None:
    """The scheme's case does not matter, and during a rotation both tokens work."""
    assert CALLERS.authenticate([("authorization", header)]).name == "sts"


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("authorization", "")],
        [("authorization", TOKEN)],
        [("authorization", f"Basic {TOKEN}")],
        [("authorization", f"Bearer {TOKEN}x")],
        [("authorization", "Bearer " + hashlib.sha256(TOKEN.encode()).hexdigest())],
        [("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer other")],
        [("authorization", b"Bearer " + TOKEN.encode())],
        [("x-authorization", f"Bearer {TOKEN}")],
    ],
)
def test_whoever_else_calls_is_refused(metadata: list[tuple[str, str | bytes]]) -> None:
    """No token, a wrong one, its hash, or an ambiguous header: UNAUTHENTICATED, without saying which."""
    with pytest.raises(ProtocolError) as caught:
        CALLERS.authenticate(metadata)

    assert caught.value.status is Status.UNAUTHENTICATED
    assert TOKEN not in str(caught.value)


def test_without_configured_callers_nobody_has_a_name() -> None:
    """The configuration allows this on local listeners only; a token that is sent is ignored."""
    assert Callers([]).authenticate([("authorization", "Bearer x")]) == UNNAMED


def test_a_caller_speaks_for_its_own_authorization_servers_only() -> None:
    """Compared exactly, as issuer identifiers are."""
    caller = CALLERS.authenticate([("authorization", f"Bearer {TOKEN}")])

    caller.require_authorization_server("https://as.example")
    for other in ("https://as.example/", "https://AS.example", "", "*"):
        with pytest.raises(ProtocolError) as caught:
            caller.require_authorization_server(other)
        assert caught.value.status is Status.PERMISSION_DENIED


def test_a_permission_is_needed_from_outside_of_the_machine() -> None:
    """Where callers are named, each needs it, whatever its address; where none are, only this machine may look."""
    caller = CALLERS.authenticate([("authorization", f"Bearer {TOKEN}")])

    caller.require("explain", REMOTE)
    for peer in (REMOTE, LOCAL):
        with pytest.raises(ProtocolError):
            caller.require("reflection", peer)
    UNNAMED.require("reflection", LOCAL)
    with pytest.raises(ProtocolError):
        UNNAMED.require("explain", REMOTE)
