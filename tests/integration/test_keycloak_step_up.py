"""A payment needs a stronger login: what the client is told, what a new login brings, and what it does not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from keycloak_changes import without_default_scope, without_mapper
from keycloak_world import LOGIN_SCOPE, STRONG, Asked, World, claims, refused

PAY = "payments:write"
LOGIN = ("acr", "amr", "auth_time")


@pytest.fixture(scope="module")
def weak_hop(world: World) -> str:
    """The token of the first hop, from the login with a password alone."""
    return str(world.first_hop(world.weak[1], PAY).token)


@pytest.fixture(scope="module")
def strong_hop(world: World, weak_hop: str) -> str:
    """The token of the first hop, from the login that followed the refusal."""
    return str(world.first_hop(world.strong, PAY).token)


def pay(world: World, subject: str) -> Any:
    """Ask for the token that pays, as the investigation agent."""
    return world.tokens.hop("investigator", subject, "payments-api", PAY)


def test_a_payment_needs_a_stronger_login(world: World, weak_hop: str) -> None:
    """HTTP 400 with what to ask the user for, in the body and in WWW-Authenticate (RFC 9470, section 3)."""
    asked = Asked(world)
    answer = pay(world, weak_hop)
    refused(answer, 400, "insufficient_user_authentication")
    assert asked.codes[0] == "ACR_INSUFFICIENT"
    assert (answer.body["acr_values"], answer.body["max_age"]) == (STRONG, 300)
    assert answer.body["error_description"]

    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    assert told == {"error": "insufficient_user_authentication", "acr_values": STRONG, "max_age": "300"}
    assert answer.headers.get_list("cache-control") == ["no-store"]


def test_the_obligation_reaches_the_wire(world: World, weak_hop: str) -> None:
    """A program reads the obligation as it was decided: type, id and properties (AuthZEN)."""
    (obligation,) = pay(world, weak_hop).body["obligations"]
    assert (obligation["type"], set(obligation)) == ("step-up", {"type", "id", "properties"})
    assert obligation["id"]
    assert obligation["properties"] == {"acr_values": [STRONG], "max_age": 300}


def test_a_refusal_names_its_decision_in_the_event(world: World, weak_hop: str) -> None:
    """Keycloak's event of the refusal holds the id and the codes of the decision, and no token."""
    asked = Asked(world)
    pay(world, weak_hop)
    (line,) = asked.decisions
    events = world.events("TOKEN_EXCHANGE_ERROR")
    (event,) = [each for each in events if each["details"].get("decision_id") == line["decision_id"]]
    assert event["details"]["actas_codes"].split(",") == line["codes"]
    assert (event["error"], event["clientId"]) == ("insufficient_user_authentication", "investigator")
    assert "eyJ" not in str(event)


def test_the_stronger_login_brings_the_payment(world: World, strong_hop: str) -> None:
    """Alice stepped up in Keycloak's own pages; a chain from her new token succeeds and says how she logged in."""
    assert claims(world.strong)["acr"] == STRONG
    paid = pay(world, strong_hop).claims
    assert (paid["scope"], paid["aud"], paid["acr"]) == (PAY, "payments-api", STRONG)
    assert paid["auth_time"] == claims(world.strong)["auth_time"]
    assert claims(world.strong)["sid"] == claims(world.weak[1])["sid"], "this is no step-up in the same session"


def test_an_old_hop_is_not_strengthened(world: World, weak_hop: str, strong_hop: str) -> None:
    """The weak token is still refused after the user stepped up in the same session: its own login counts."""
    assert claims(weak_hop)["acr"] == "urn:actas:acr:pwd"
    refused(pay(world, weak_hop), 400, "insufficient_user_authentication")


def test_an_old_weak_token_stays_weak_at_every_hop(world: World, strong_hop: str) -> None:
    """A token from before the step-up, exchanged after it, does not come back as a strong one that then pays."""
    again = world.first_hop(world.weak[1], PAY).token
    assert claims(again)["acr"] == "urn:actas:acr:pwd"
    refused(pay(world, again), 400, "insufficient_user_authentication")


def test_what_a_weak_token_obtains_keeps_its_login(world: World, strong_hop: str) -> None:
    """Its acr, amr and auth_time are those of the old token, although Keycloak maps them from the stronger session."""
    weak, strong = claims(world.weak[1]), claims(world.strong)
    assert weak["acr"] != strong["acr"]
    assert weak["auth_time"] < strong["auth_time"]
    obtained = world.first_hop(world.weak[1]).claims
    assert {name: obtained.get(name) for name in LOGIN} == {name: weak.get(name) for name in LOGIN}


def test_what_a_token_does_not_say_stays_unsaid(world: World) -> None:
    """A token without acr does not get one from the session on its way."""
    with without_default_scope(world, "chat-ui", "acr"):
        silent = world.alice("orders:read payments:write")
    assert not {"acr", "amr"} & set(claims(silent))
    obtained = world.first_hop(silent, f"orders:read {PAY}")
    assert not {"acr", "amr"} & set(obtained.claims)
    refused(pay(world, obtained.token), 400, "insufficient_user_authentication")


def test_a_token_without_auth_time_does_not_get_one(world: World) -> None:
    """Without auth_time nobody knows how old the login is; the session's would make a fresh one of it."""
    with without_mapper(world, "basic", "auth_time"):
        silent = world.tokens.browser_login("alice", scope=LOGIN_SCOPE).token
    assert "auth_time" not in claims(silent)
    assert "auth_time" in world.first_hop(world.weak[1]).claims
    assert "auth_time" not in world.first_hop(silent).claims


def test_a_token_without_sub_is_nobodys(world: World) -> None:
    """A client that lost the scope basic gets tokens without sub: refused, and not guessed from the session."""
    with without_default_scope(world, "chat-ui", "basic"):
        silent = world.alice("orders:read")
    assert "sub" not in claims(silent)
    refused(world.first_hop(silent), 400, "invalid_request")
