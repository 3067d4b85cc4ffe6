"""Other ways than an exchange to a token for somebody else: none leads out of a chain, and none begins a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keycloak_other_ways import ARCHIVIST, UMA, introspected, permission, resource_server
from keycloak_world import ACTORS, ALICE, Asked, World, claims, refused

EXCHANGED = "an exchanged token is good for a token exchange only"


@pytest.fixture(scope="module")
def archivist(world: World) -> Iterator[None]:
    """Have a resource server in the realm."""
    with resource_server(world):
        yield


@pytest.fixture(scope="module")
def exchanged(world: World) -> str:
    """The token of a first hop: the investigator's, for Alice, from the on-call agent."""
    return str(world.first_hop(world.alice()).token)


@pytest.fixture(scope="module")
def resigned(world: World, exchanged: str) -> str:
    """That token as introspection signs it anew: as valid, and without a trace of who acts."""
    token = introspected(world, "investigator", exchanged)
    assert {"act", "decision_id", "txn"} <= claims(exchanged).keys()
    assert not {"act", "decision_id", "txn"} & claims(token).keys()
    return token


def unasked(world: World, token: str, parameter: str) -> None:
    """Check that *token* is no subject or actor, and that Actas never hears of it."""
    form = {"subject_token": world.alice(), "actor_token": world.tokens.client_credentials("on-call").token}
    form[parameter] = token
    asked = Asked(world)
    answer = world.tokens.exchange(
        "on-call",
        form["subject_token"],
        actor=form["actor_token"],
        audience="investigator",
        scope="orders:read",
    )
    refused(answer, 400, "invalid_request")
    assert answer.body["error_description"] == f"Invalid {parameter}"
    assert asked.decisions == []


def permitted(answer: Any, sub: str) -> None:
    """Check that a permission was granted to *sub*."""
    assert answer.status == 200, dict(answer.body)
    assert (answer.claims["sub"], answer.claims["aud"]) == (sub, ARCHIVIST)
    assert [each["rsname"] for each in answer.claims["authorization"]["permissions"]] == ["shelf"]


@pytest.mark.usefixtures("archivist")
@pytest.mark.parametrize("name", ["exchanged", "resigned"])
def test_an_exchanged_token_gets_no_permission(world: World, name: str, request: pytest.FixtureRequest) -> None:
    """UMA would make Alice's own token of it, for whomever the agent names, without act and with an end of its own."""
    answer = permission(world, request.getfixturevalue(name))
    refused(answer, 403, "access_denied")
    assert answer.body["error_description"] == EXCHANGED


@pytest.mark.usefixtures("archivist")
def test_a_refused_permission_leaves_an_event(world: World, exchanged: str) -> None:
    """Whoever watches Keycloak's events sees the attempt, and that it was no exchange."""
    before = len(world.keycloak.log_text())
    refused(permission(world, exchanged), 403, "access_denied")
    (line,) = [each for each in world.keycloak.log_text()[before:].splitlines() if "PERMISSION_TOKEN_ERROR" in each]
    assert EXCHANGED in line
    assert 'clientId="on-call"' in line


@pytest.mark.usefixtures("archivist")
def test_a_token_of_ones_own_gets_a_permission(world: World) -> None:
    """Nobody acts for another with Alice's own token, nor with an agent's: UMA is none of Actas' business."""
    permitted(permission(world, world.alice()), ALICE)
    permitted(permission(world, world.tokens.client_credentials("on-call").token), ACTORS["on-call"])
    permitted(world.tokens.post("on-call", {"grant_type": UMA, "audience": ARCHIVIST}), ACTORS["on-call"])


@pytest.mark.usefixtures("archivist")
def test_a_permission_token_is_no_subject(world: World) -> None:
    """Whoever presents a token to UMA chooses its audience, and so would choose the agent that acts next."""
    unasked(world, permission(world, world.alice()).token, "subject_token")


@pytest.mark.usefixtures("archivist")
def test_a_permission_token_is_no_actor(world: World) -> None:
    """It says for whom it is, not who the agent is."""
    unasked(world, permission(world, world.tokens.client_credentials("on-call").token).token, "actor_token")


@pytest.mark.usefixtures("archivist")
def test_a_renewed_permission_token_is_no_subject(world: World) -> None:
    """UMA gives a refresh token too; what it brings is addressed to the on-call agent, and keeps the permission."""
    form = {"grant_type": "refresh_token", "refresh_token": permission(world, world.alice()).body["refresh_token"]}
    renewed = world.tokens.post("chat-ui", form)
    assert "on-call" in renewed.claims["aud"]
    assert "authorization" in renewed.claims
    unasked(world, renewed.token, "subject_token")


def test_what_introspection_signed_begins_no_new_chain(world: World, resigned: str) -> None:
    """Exchanged, it would be Alice's own token again: the agents before would be forgotten."""
    asked = Asked(world)
    answer = world.tokens.hop("investigator", resigned, "mcp-gateway", "orders:read")
    refused(answer, 400, "invalid_request")
    assert answer.body["error_description"] == "Invalid subject_token"
    assert asked.decisions == []


def test_what_introspection_signed_makes_nobody_an_actor(world: World, resigned: str) -> None:
    """What is no subject is no actor either, and does not reach the decision log."""
    unasked(world, resigned, "actor_token")


def test_the_token_that_was_introspected_can_still_be_exchanged(world: World, exchanged: str, resigned: str) -> None:
    """Only the copy is refused: an agent's tool may introspect what the agent then exchanges."""
    assert claims(resigned)["jti"] == claims(exchanged)["jti"]
    issued = world.tokens.hop("investigator", exchanged, "mcp-gateway", "orders:read").claims
    assert issued["act"]["sub"] == ACTORS["investigator"]
    assert issued["act"]["act"]["sub"] == ACTORS["on-call"]


def test_what_introspection_signed_of_alices_own_token_is_hers(world: World) -> None:
    """It came of no exchange, says everything that hers does, and is exchanged as hers is."""
    issued = world.first_hop(introspected(world, "on-call", world.alice())).claims
    assert (issued["sub"], issued["act"]["sub"]) == (ALICE, ACTORS["on-call"])
