"""Requests that the realm must not honour: nothing is issued, and what is forged never reaches Actas."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import keycloak_forgery as forgery
from keycloak_changes import ACTAS, DOWNSCOPE, changed_client, executors
from keycloak_world import ACTORS, EVERYTHING, MCP, Asked, World, claims, refused

TYPE = "urn:ietf:params:oauth:token-type:"
FORGERIES: list[Callable[[str], str]] = [
    forgery.changed_signature,
    forgery.changed_claims,
    forgery.other_key,
    forgery.no_algorithm,
    lambda token: token.rpartition(".")[0] + ".",
    lambda _: "not-a-token",
]
NAMES = ["changed-signature", "changed-claims", "other-key", "no-algorithm", "no-signature", "no-token"]


@pytest.fixture(scope="module")
def subject(world: World) -> str:
    """Alice's own token."""
    return world.alice()


@pytest.fixture(scope="module")
def actor(world: World) -> str:
    """The on-call agent's own token."""
    return str(world.tokens.client_credentials("on-call").token)


def exchange(world: World, subject: str, actor: str | None, **form: object) -> object:
    """Ask for a token as the on-call agent; what *form* names is replaced."""
    return world.tokens.exchange(
        "on-call", subject, **{"actor": actor, "audience": "investigator", "scope": "orders:read", **form}
    )


def unasked(world: World, subject: str, actor: str | None, description: str, **form: object) -> None:
    """Check that the request is refused with a fixed sentence, and that Actas never hears of it."""
    asked = Asked(world)
    answer = exchange(world, subject, actor, **form)
    refused(answer, 400, "invalid_request")
    assert answer.body["error_description"] == description
    assert asked.decisions == []


@pytest.mark.parametrize("forge", FORGERIES, ids=NAMES)
def test_a_forged_subject_token_is_refused(world: World, subject: str, actor: str, forge: Callable[[str], str]) -> None:
    """A token that the realm did not sign is nobody's, and does not reach the decision log."""
    unasked(world, forge(subject), actor, "Invalid subject_token")


@pytest.mark.parametrize("forge", FORGERIES, ids=NAMES)
def test_a_forged_actor_token_is_refused(world: World, subject: str, actor: str, forge: Callable[[str], str]) -> None:
    """Keycloak itself ignores actor_token; a forged one must not make anybody an actor."""
    unasked(world, subject, forge(actor), "Invalid actor_token")


def test_a_public_key_is_no_secret(world: World, subject: str, actor: str) -> None:
    """A token authenticated with the realm's public key as an HMAC secret is forged as well."""
    unasked(world, forgery.public_key_as_secret(world, subject), actor, "Invalid subject_token")
    unasked(world, subject, forgery.public_key_as_secret(world, actor), "Invalid actor_token")


def test_an_expired_token_is_refused(world: World, subject: str, actor: str) -> None:
    """A token whose time is over proves nothing any more, as a subject and as an actor."""
    with (
        changed_client(world, "chat-ui", attributes={"access.token.lifespan": "1"}),
        changed_client(world, "on-call", attributes={"access.token.lifespan": "1"}),
    ):
        old_subject, old_actor = world.alice(), world.tokens.client_credentials("on-call").token
    assert claims(old_subject)["exp"] - claims(old_subject)["iat"] == 1
    time.sleep(max(0.0, claims(old_actor)["exp"] - time.time()) + 1.1)
    unasked(world, old_subject, actor, "Invalid subject_token")
    unasked(world, subject, old_actor, "Invalid actor_token")


def test_a_token_of_another_realm_is_refused(world: World, subject: str, actor: str) -> None:
    """Another realm of the same server is another authorization server, even where its token is an administrator's."""
    foreign = world.keycloak.admin_token()
    assert claims(foreign)["iss"].endswith("/realms/master")
    unasked(world, foreign, actor, "Invalid subject_token")
    unasked(world, subject, foreign, "Invalid actor_token")


def test_an_actor_token_needs_its_type(world: World, subject: str, actor: str) -> None:
    """RFC 8693, section 2.1: actor_token_type is required with actor_token, and comes with nothing else."""
    asked = Asked(world)
    refused(exchange(world, subject, None, actor_token=actor), 400, "invalid_request")
    refused(exchange(world, subject, None, actor_token_type=TYPE + "access_token"), 400, "invalid_request")
    assert asked.decisions == []


def test_a_client_cannot_use_the_token_of_another_agent(world: World, subject: str) -> None:
    """The actor is the client that asks, not one whose token came into its hands."""
    asked = Asked(world)
    refused(exchange(world, subject, world.tokens.client_credentials("investigator").token), 400, "invalid_request")
    assert "ACTOR_CLIENT_MISMATCH" in asked.codes


def test_a_user_is_no_actor(world: World, subject: str) -> None:
    """Alice's own token, presented as the actor's, makes nobody an agent."""
    refused(exchange(world, subject, subject), 400, "invalid_request")


def test_an_agent_that_may_act_does_not_name_is_refused(world: World, subject: str) -> None:
    """Alice's token names the on-call agent; an agent that it is only addressed to may not act for her."""
    asked = Asked(world)
    refused(world.tokens.hop("rogue-agent", subject, "investigator", "orders:read"), 400, "invalid_request")
    assert asked.codes == ["MAY_ACT_MISMATCH"]


def test_a_token_for_another_is_of_no_use(world: World, subject: str) -> None:
    """The gateway presents a token that was issued for the investigator."""
    token, asked = world.first_hop(subject).token, Asked(world)
    refused(world.tokens.hop("mcp-gateway", token, MCP, "orders:read"), 400, "invalid_request")
    assert "SUBJECT_NOT_FOR_PRESENTER" in asked.codes


def test_a_fourth_actor_is_one_too_many(world: World) -> None:
    """The chain may have three levels."""
    token, asked = world.three_hops()[2].token, Asked(world)
    refused(world.tokens.hop(MCP, token, "archive", "orders:read"), 400, "invalid_request")
    assert asked.codes == ["DELEGATION_DEPTH_EXCEEDED"]


def test_a_scope_beyond_the_subject_token_is_not_issued(world: World, actor: str) -> None:
    """Keycloak does not bind the scope to the subject token; the decision does."""
    narrow = world.alice("orders:read")
    answer = exchange(world, narrow, actor, scope="metrics:read orders:read")
    assert (answer.claims["scope"], answer.body["scope"]) == ("orders:read", "orders:read")
    refused(exchange(world, narrow, actor, scope="metrics:read"), 400, "invalid_scope")


def test_no_scope_is_not_every_scope(world: World, subject: str, actor: str) -> None:
    """Without a scope in the request and a default of the target there is nothing to issue."""
    refused(exchange(world, subject, actor, scope=None), 400, "invalid_scope")


def test_openid_is_refused(world: World, actor: str) -> None:
    """It would bring an ID token, without act and with an end of its own."""
    asked = Asked(world)
    subject = world.tokens.password_grant("alice", scope="openid orders:read").token
    refused(exchange(world, subject, actor, scope="openid orders:read"), 400, "invalid_scope")
    assert asked.decisions == []


@pytest.mark.parametrize("kind", ["refresh_token", "id_token", "jwt", "saml2"])
def test_nothing_but_an_access_token_is_issued(world: World, subject: str, actor: str, kind: str) -> None:
    """A refresh token would be renewed without asking; an ID token would not say who acts."""
    asked = Asked(world)
    allowed = {"standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION"}
    with changed_client(world, "on-call", attributes=allowed):
        refused(exchange(world, subject, actor, requested_token_type=TYPE + kind), 400, "invalid_request")
    assert asked.decisions == []


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"requested_subject": "bob"}, "invalid_request"),
        ({"subject_issuer": "elsewhere"}, "invalid_request"),
        ({"authorization_details": '[{"type": "expense"}]'}, "invalid_authorization_details"),
        ({"subject_token_type": TYPE + "jwt"}, "invalid_request"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_what_no_decision_would_hold_for_is_refused(
    world: World, subject: str, actor: str, form: dict[str, str], error: str
) -> None:
    """Parameters that would change the token after the decision, or that Keycloak would leave out of it."""
    asked = Asked(world)
    refused(exchange(world, subject, actor, **form), 400, error)
    assert asked.decisions == []


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        (["investigator", "mcp-gateway"], "TOO_MANY_TARGETS"),
        (None, "TARGET_REQUIRED"),
        ("nobody", "TARGET_NOT_ALLOWED"),
        ("payments-api", "TARGET_NOT_ALLOWED"),
    ],
)
def test_a_token_is_for_one_known_target(
    world: World, subject: str, actor: str, audience: str | list[str] | None, code: str
) -> None:
    """Several, none, an unknown one, and one that this agent may not reach."""
    asked = Asked(world)
    refused(exchange(world, subject, actor, audience=audience), 400, "invalid_target")
    assert asked.codes[0] == code


@pytest.mark.parametrize("name", ["scope", "subject_token", "actor_token", "requested_token_type", "grant_type"])
def test_a_parameter_comes_once(world: World, subject: str, actor: str, name: str) -> None:
    """RFC 6749, section 3.2: with two values each reader could see another one."""
    sent = {"scope": "orders:read", "subject_token": subject, "actor_token": actor}
    sent |= {"requested_token_type": TYPE + "access_token"}
    sent |= {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
    asked = Asked(world)
    refused(exchange(world, subject, actor, **{name: [sent[name], sent[name]]}), 400, "invalid_request")
    assert not [line for line in asked.decisions if line["effect"] == "ALLOW"]


def test_a_display_name_lets_no_scope_in(world: World, subject: str, actor: str) -> None:
    """Keycloak matches scopes by name, and a client's free-text name is one of them."""
    with changed_client(world, "on-call", name="orders:write"):
        answer = exchange(world, subject, actor, scope=EVERYTHING)
    assert set(answer.claims["scope"].split()) == {"metrics:read", "orders:read"}
    assert set(answer.body["scope"].split()) == {"metrics:read", "orders:read"}


def test_an_executor_before_ours_widens_nothing(world: World, subject: str, actor: str) -> None:
    """What Keycloak's own executor restricted is intersected with the decision."""
    with executors(world, DOWNSCOPE, ACTAS):
        answer = exchange(world, subject, actor, scope=EVERYTHING)
    assert set(answer.claims["scope"].split()) == {"metrics:read", "orders:read"}
    assert answer.claims["act"]["sub"] == ACTORS["on-call"]


def test_an_executor_after_ours_widens_nothing(world: World, subject: str, actor: str) -> None:
    """It overwrites the restriction: a wider token is then refused, and not only its claim rewritten."""
    with executors(world, ACTAS, DOWNSCOPE):
        answer = exchange(world, subject, actor, scope=EVERYTHING)
        refused(answer, 400, "access_denied")
        assert answer.body["error_description"] == "scope exceeds the decision"
        within = exchange(world, subject, actor, scope="orders:read")
    assert within.claims["scope"] == "orders:read"
