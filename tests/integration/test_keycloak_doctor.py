"""`actas doctor keycloak` on a real Keycloak: each mistake is made on the server, found, and put back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest

from actas.doctor import keycloak as checks
from actas.doctor import keycloak_facts
from actas.doctor.finding import Finding, Level
from actas.doctor.keycloak_api import Keycloak, Login
from actas.doctor.keycloak_detours import SIGNED_INTROSPECTION
from keycloak_support import REALM, TOKEN_EXCHANGE, Story, changed, client, client_scope

PROFILES = f"realms/{REALM}/client-policies/profiles"
POLICIES = f"realms/{REALM}/client-policies/policies"
REFRESH = "standard.token.exchange.enableRefreshRequestedTokenType"
Change = Callable[[Any], AbstractContextManager[Any]]


def diagnose(keycloak: Any) -> list[Finding]:
    """Check the realm as the command does."""
    with Keycloak(keycloak.url) as connection:
        connection.log_in(Login(token=keycloak.admin_token()))
        return checks.check(keycloak_facts.read(connection, REALM))


def bad(findings: list[Finding]) -> set[tuple[str, Level, str]]:
    """Give what is not ok, for a comparison."""
    return {(found.check, found.level, found.subject) for found in findings if found.level is not Level.OK}


@contextmanager
def lists(keycloak: Any, path: str, edit: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Edit the realm's whole list of profiles or policies, and put it back."""
    before = keycloak.admin("GET", path)
    after = copy.deepcopy(before)
    edit(after)
    keycloak.admin("PUT", path, after)
    try:
        yield
    finally:
        keycloak.admin("PUT", path, before)


def of_client(name: str, /, **changes: Any) -> Change:
    """Make a change of a client."""
    return lambda keycloak: changed(keycloak, client(keycloak, name), **changes)


def of_policies(edit: Callable[[dict[str, Any]], None]) -> Change:
    """Make a change of the client policies."""
    return lambda keycloak: lists(keycloak, POLICIES, edit)


def of_executors(edit: Callable[[list[dict[str, Any]]], Any]) -> Change:
    """Make a change of the executors of the one profile."""
    return lambda keycloak: lists(keycloak, PROFILES, lambda all_: edit(all_["profiles"][0]["executors"]))


def conditions(*given: dict[str, Any]) -> Change:
    """Give the one policy other conditions."""
    return of_policies(lambda all_: all_["policies"][0].update(conditions=list(given)))


def grant(*types: str, **more: Any) -> dict[str, Any]:
    """Write the condition of a grant type."""
    return {"condition": "grant-type", "configuration": {"grant_types": list(types), **more}}


def executor(name: str, **configuration: Any) -> dict[str, Any]:
    """Write an executor."""
    return {"executor": name, "configuration": configuration}


@contextmanager
def without_default_scope(keycloak: Any, name: str, scope: str) -> Iterator[None]:
    """Take a default client scope away from a client."""
    path = f"{client(keycloak, name)}/default-client-scopes/{client_scope(keycloak, scope).rpartition('/')[2]}"
    keycloak.admin("DELETE", path)
    try:
        yield
    finally:
        keycloak.admin("PUT", path)


@contextmanager
def same_spiffe_id(keycloak: Any) -> Iterator[None]:
    """Let two clients declare one SPIFFE ID."""
    declared = {"actas.spiffe_id": "spiffe://example.org/agent/one"}
    with ExitStack() as both:
        for name in ("on-call", "investigator"):
            both.enter_context(changed(keycloak, client(keycloak, name), attributes=declared))
        yield


def spiffe_id(declared: str) -> Change:
    """Let the on-call agent declare a SPIFFE ID."""
    return of_client("on-call", attributes={"actas.spiffe_id": declared})


@contextmanager
def resource_server(keycloak: Any) -> Iterator[None]:
    """Make a client with authorization services; a client that had them once keeps roles of them."""
    new = {"clientId": "uma", "publicClient": False, "serviceAccountsEnabled": True}
    keycloak.admin("POST", f"realms/{REALM}/clients", new | {"authorizationServicesEnabled": True})
    try:
        yield
    finally:
        keycloak.admin("DELETE", client(keycloak, "uma"))


MISTAKES: dict[str, tuple[Change, str, Level, str]] = {
    "full scope": (of_client("on-call", fullScopeAllowed=True), "clients.full_scope", Level.FAIL, "on-call"),
    "a public client": (of_client("on-call", publicClient=True), "clients.authentication", Level.FAIL, "on-call"),
    "no basic scope": (
        lambda k: without_default_scope(k, "on-call", "basic"), "clients.subject", Level.FAIL, "on-call",
    ),
    "named like a scope": (of_client("on-call", name="orders:read"), "clients.display_name", Level.WARN, "on-call"),
    "refresh tokens": (
        of_client("on-call", attributes={REFRESH: "SAME_SESSION"}), "clients.refresh", Level.WARN, "on-call",
    ),
    "no audience for the actor": (
        lambda k: without_default_scope(k, "on-call", "actor"), "clients.actor_audience", Level.WARN, "on-call",
    ),
    "no SPIFFE ID": (spiffe_id("spiffe://example.org//agent"), "clients.spiffe_id", Level.FAIL, "on-call"),
    "a trust domain": (spiffe_id("spiffe://example.org"), "clients.spiffe_id", Level.FAIL, "on-call"),
    "one SPIFFE ID for two": (same_spiffe_id, "clients.spiffe_id", Level.FAIL, "investigator, on-call"),
    "introspection that signs": (
        of_client("payments-api", attributes={SIGNED_INTROSPECTION: "true"}),
        "realm.introspection", Level.FAIL, "payments-api",
    ),
    "authorization services": (resource_server, "realm.authorization", Level.WARN, "uma"),
    "a long life": (
        lambda k: changed(k, f"realms/{REALM}", accessTokenLifespan=3600), "realm.lifetime", Level.WARN, "",
    ),
    "too short a life": (
        lambda k: changed(k, f"realms/{REALM}", accessTokenLifespan=20), "realm.lifetime", Level.FAIL, "",
    ),
    "policy off": (
        of_policies(lambda all_: all_["policies"][0].update(enabled=False)), "policy.covers", Level.FAIL, "actas",
    ),
    "policy gone": (of_policies(lambda all_: all_.update(policies=[])), "policy.covers", Level.FAIL, ""),
    "no condition": (conditions(), "policy.covers", Level.FAIL, "actas"),
    "another grant": (conditions(grant("password")), "policy.covers", Level.FAIL, "actas"),
    "the condition turned round": (
        conditions(grant(TOKEN_EXCHANGE, **{"is-negative-logic": True})), "policy.covers", Level.FAIL, "actas",
    ),
    "some clients only": (
        conditions(grant(TOKEN_EXCHANGE), {"condition": "client-roles", "configuration": {"roles": ["x"]}}),
        "policy.covers", Level.WARN, "actas",
    ),
    "any client": (
        conditions({"condition": "any-client", "configuration": {}}), "policy.condition", Level.WARN, "actas",
    ),
    "no executor": (of_executors(lambda list_: list_.clear()), "policy.profile", Level.FAIL, ""),
    "downscope afterwards": (
        of_executors(lambda list_: list_.append(executor("downscope-assertion-grant-enforcer"))),
        "policy.order", Level.FAIL, "actas",
    ),
    "another one afterwards": (
        of_executors(lambda list_: list_.append(executor("confidential-client"))), "policy.order", Level.WARN, "actas",
    ),
    "a target from the realm": (
        of_executors(lambda list_: list_[0].update(configuration={"target": "203.0.113.1:50051"})),
        "policy.settings", Level.WARN, "actas",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_realm_is_found(keycloak_story: Story, mistake: str) -> None:
    """What undoes the protection, or keeps exchanges from working, is told with what to change; and nothing else is."""
    keycloak = keycloak_story.keycloak
    change, check, level, subject = MISTAKES[mistake]
    with change(keycloak):
        found = diagnose(keycloak)
    assert bad(found) == {(check, level, subject)}
    (told,) = (finding for finding in found if finding.level is not Level.OK)
    assert told.remedy.console or check == "clients.spiffe_id"  # the console shows no attributes of a client
    assert "kcadm.sh" in told.remedy.command
    assert bad(diagnose(keycloak)) == set()


def test_a_scope_that_carries_the_subject_must_not_be_withheld(keycloak_story: Story) -> None:
    """`basic` within the token's scope would be cut with it, and every client's token would lose its sub."""
    keycloak = keycloak_story.keycloak
    path = client_scope(keycloak, "basic")
    with changed(keycloak, path, attributes={"include.in.token.scope": "true"}):
        found = diagnose(keycloak)
    assert {check for check, _, _ in bad(found)} == {"clients.subject"}
    assert len(bad(found)) == sum(finding.level is Level.FAIL for finding in found) > 1


def test_an_executor_before_the_decision_does_no_harm(keycloak_story: Story) -> None:
    """Only what runs after the decision can undo it."""
    first = of_executors(lambda list_: list_.insert(0, executor("downscope-assertion-grant-enforcer")))
    with first(keycloak_story.keycloak):
        assert bad(diagnose(keycloak_story.keycloak)) == set()


def test_two_policies_ask_twice(keycloak_story: Story) -> None:
    """An exchange is decided once."""

    def second(all_: dict[str, Any]) -> None:
        all_["policies"].append(all_["policies"][0] | {"name": "again"})

    with of_policies(second)(keycloak_story.keycloak):
        assert {check for check, _, _ in bad(diagnose(keycloak_story.keycloak))} == {"policy.twice"}
