"""A realm administrator who switches the question off gets no tokens, and cannot ask somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kc_server import AdminError

from keycloak_changes import ACTAS, executors, policies, policy
from keycloak_world import Asked, World, refused

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
NEVER = {"condition": "grant-type", "configuration": {"grant_types": ["client_credentials"]}}
NEGATED = {
    "condition": "grant-type",
    "configuration": {"grant_types": [EXCHANGE], "is-negative-logic": True},
}


@pytest.fixture(autouse=True)
def undone(world: World) -> Iterator[None]:
    """After each test an exchange is decided again."""
    yield
    assert world.first_hop(world.alice()).status == 200, "a change of the realm was not undone"


def not_asked(world: World) -> None:
    """Check that an exchange is refused by the post-processor, because nobody decided it."""
    subject, asked = world.alice(), Asked(world)
    answer = world.first_hop(subject)
    refused(answer, 400, "access_denied")
    assert answer.body["error_description"] == "no policy decision"
    assert asked.decisions == []


def test_a_disabled_policy_issues_nothing(world: World) -> None:
    """The executor does not run; the post-processor, which no realm can switch off, refuses."""
    with policies(world, policy(world, enabled=False)):
        not_asked(world)


def test_a_deleted_policy_issues_nothing(world: World) -> None:
    """Without any policy nobody is asked, and nothing is issued."""
    with policies(world):
        not_asked(world)


def test_a_policy_without_conditions_issues_nothing(world: World) -> None:
    """Keycloak takes a policy without conditions for one that never holds."""
    with policies(world, policy(world, conditions=[])):
        not_asked(world)


@pytest.mark.parametrize("condition", [NEVER, NEGATED], ids=["another-grant", "negated"])
def test_a_condition_that_never_holds_issues_nothing(world: World, condition: dict[str, Any]) -> None:
    """A policy for other requests is none for exchanges."""
    with policies(world, policy(world, conditions=[condition])):
        not_asked(world)


def test_a_policy_without_profiles_issues_nothing(world: World) -> None:
    """A policy that holds and runs nothing decides nothing."""
    with policies(world, policy(world, profiles=[])):
        not_asked(world)


def test_a_profile_without_the_executor_issues_nothing(world: World) -> None:
    """The profile is there by name, and does something else."""
    with executors(world, {"executor": "confidential-client", "configuration": {}}):
        not_asked(world)


def test_an_unknown_profile_is_refused(world: World) -> None:
    """The admin API does not take a policy whose profile nobody made; a typing error is seen at once."""
    with pytest.raises(AdminError, match=": 400 "):
        world.admin("PUT", "client-policies/policies", {"policies": [policy(world, profiles=["nope"])]})
    assert world.admin("GET", "client-policies/policies")["policies"][0]["profiles"] == ["actas"]


@pytest.mark.parametrize("key", ["target", "deadline", "report-only", "plaintext"])
def test_a_realm_cannot_repoint_the_question(world: World, key: str) -> None:
    """Where Actas is and whether it is obeyed stands in server configuration; the same words in a realm do nothing."""
    value = {"target": "127.0.0.1:9", "deadline": "1", "report-only": "agents=2099-01-01", "plaintext": "true"}[key]
    with executors(world, {**ACTAS, "configuration": {key: value}}):
        subject, asked = world.alice(), Asked(world)
        refused(world.tokens.hop("rogue-agent", subject, "investigator", "orders:read"), 400, "invalid_request")
        assert asked.codes == ["MAY_ACT_MISMATCH"]
        assert world.first_hop(subject).claims["decision_id"] == asked.decisions[-1]["decision_id"]


def test_logins_are_not_asked_about(world: World) -> None:
    """The provider minds exchanges alone: people log in and refresh their tokens as before."""
    with policies(world):
        login = world.tokens.password_grant("alice", scope="orders:read")
        assert login.status == 200
        form = {"grant_type": "refresh_token", "refresh_token": login.body["refresh_token"]}
        assert world.tokens.post("chat-ui", form).status == 200


def test_the_server_says_that_the_provider_is_loaded(world: World) -> None:
    """The way to check it: both providers, and what the server is configured with, in the admin API's server info."""
    providers = world.keycloak.admin("GET", "serverinfo")["providers"]
    assert "actas" in providers["client-policy-executor"]["providers"]
    info = providers["token-interceptor"]["providers"]["actas"]["operationalInfo"]
    assert (info["target"], info["tls"]) == (world.actas.address, "none")
    assert info["reportOnly"] in ("", "none", [])
