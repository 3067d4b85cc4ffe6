"""The realm for Keycloak, the registry that knows it, the harness and the documentation agree."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

KEYCLOAK = Path(__file__).resolve().parents[2] / "deploy" / "keycloak"
AUDIENCE = "oidc-audience-mapper"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def read_json(name: str) -> dict[str, Any]:
    """Read a JSON file beside the realm."""
    found: dict[str, Any] = json.loads((KEYCLOAK / name).read_text(encoding="utf-8"))
    return found


def policy_data(kind: str) -> dict[str, Any]:
    """Read settings or registry."""
    path = KEYCLOAK / "policies" / "custom" / "actas" / kind / "data.yaml"
    found: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return found


REALM = read_json("realm.json")
REGISTRY, SETTINGS = policy_data("registry"), policy_data("settings")
CLIENTS: Mapping[str, Mapping[str, Any]] = {client["clientId"]: client for client in REALM["clients"]}
SCOPES: Mapping[str, Mapping[str, Any]] = {scope["name"]: scope for scope in REALM["clientScopes"]}
ACCOUNTS = {user["serviceAccountClientId"]: user["id"] for user in REALM["users"] if "serviceAccountClientId" in user}
EXCHANGERS = {
    name
    for name, client in CLIENTS.items()
    if client.get("attributes", {}).get("standard.token.exchange.enabled") == "true"
}
(ISSUER,) = REGISTRY["authorization_servers"]


def harness(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    """Import a module of the harness."""
    monkeypatch.syspath_prepend(str(KEYCLOAK / "harness"))
    return importlib.import_module(name)


def mapped(scope: str, kind: str) -> list[Mapping[str, str]]:
    """Give the configurations of one kind of mapper in a client scope."""
    found = SCOPES[scope].get("protocolMappers", [])
    return [mapper["config"] for mapper in found if mapper["protocolMapper"] == kind]


def audiences(client: str) -> set[str]:
    """Give the clients that the tokens of *client* can be for."""
    named = [config for scope in CLIENTS[client]["defaultClientScopes"] for config in mapped(scope, AUDIENCE)]
    return {config["included.client.audience"] for config in named if "included.client.audience" in config}


def test_every_exchange_asks_actas() -> None:
    """One policy for the grant, on, whose profile ends with our executor, so that nothing after it widens the scope."""
    (policy,) = REALM["clientPolicies"]["policies"]
    (profile,) = REALM["clientProfiles"]["profiles"]

    assert policy["enabled"] is True
    assert policy["conditions"] == [{"condition": "grant-type", "configuration": {"grant_types": [EXCHANGE]}}]
    assert policy["profiles"] == [profile["name"]]
    assert profile["executors"][-1]["executor"] == "actas"


def test_a_realm_that_is_there_already_gets_the_same_policy() -> None:
    """What the documentation loads with kcadm is what the realm file has."""
    assert read_json("client-profiles.json") == REALM["clientProfiles"]
    assert read_json("client-policies.json") == REALM["clientPolicies"]


def test_no_client_has_every_role() -> None:
    """With fullScopeAllowed roles would not follow the narrowed scope."""
    assert [name for name, client in CLIENTS.items() if client.get("fullScopeAllowed") is not False] == []


def test_every_token_has_a_subject_and_says_how_it_logged_in() -> None:
    """A realm file that lists client scopes gets none of the built-in ones."""
    issuing = {name: client for name, client in CLIENTS.items() if not client.get("bearerOnly")}

    assert mapped("basic", "oidc-sub-mapper")
    (auth_time,) = mapped("basic", "oidc-usersessionmodel-note-mapper")
    assert auth_time["claim.name"] == "auth_time"
    assert all(config["access.token.claim"] == "true" for config in [auth_time, *mapped("acr", "oidc-acr-mapper")])
    assert [
        name for name, client in issuing.items() if not {"basic", "acr"} <= set(client["defaultClientScopes"])
    ] == []


def test_the_registry_knows_the_clients_that_exchange() -> None:
    """None more and none fewer, and each can authenticate and has a token of its own."""
    assert set(REGISTRY["clients"]) == EXCHANGERS == set(ACCOUNTS)
    assert all(CLIENTS[name]["secret"] and CLIENTS[name]["serviceAccountsEnabled"] for name in EXCHANGERS)


def test_every_agent_is_known_by_client_and_by_service_account() -> None:
    """Its own token is known by the client, and an act claim holds the service account's UUID."""
    known = [agent["identities"] for agent in REGISTRY["agents"].values()]
    expected = [
        [{"iss": ISSUER, "client_id": client}, {"iss": ISSUER, "sub": account}] for client, account in ACCOUNTS.items()
    ]

    assert sorted(known, key=str) == sorted(expected, key=str)


def test_every_target_is_a_client_that_the_requester_can_name() -> None:
    """Keycloak issues for no audience that a mapper of the requester does not bring."""
    assert set(REGISTRY["targets"]) <= set(CLIENTS)
    assert {name: audiences(name) for name in EXCHANGERS} == {
        name: set(client["targets"]) for name, client in REGISTRY["clients"].items()
    }


def test_every_scope_of_the_registry_can_be_requested() -> None:
    """Keycloak refuses a scope that the client does not have, and leaves one out that is not for the token."""
    for name, client in REGISTRY["clients"].items():
        assert set(client["scopes"]) == set(CLIENTS[name]["optionalClientScopes"]), name
    for target in REGISTRY["targets"].values():
        for scope in target["scopes"]:
            assert SCOPES[scope]["attributes"]["include.in.token.scope"] == "true"


def test_scopes_that_only_add_claims_stay_out_of_the_token() -> None:
    """Otherwise the decision would have to name them, or the token would lose its sub or its audience."""
    shown = {name for name, scope in SCOPES.items() if scope["attributes"]["include.in.token.scope"] == "true"}

    assert shown == {scope for target in REGISTRY["targets"].values() for scope in target["scopes"]}


def test_may_act_names_the_on_call_agent() -> None:
    """And no other agent may begin."""
    (config,) = [
        mapper["config"]
        for client in CLIENTS.values()
        for mapper in client.get("protocolMappers", [])
        if mapper["config"].get("claim.name") == "may_act"
    ]

    assert json.loads(config["claim.value"]) == {"sub": ACCOUNTS["on-call"], "client_id": "on-call"}
    assert {"on-call", "rogue-agent"} == audiences("chat-ui")


def test_the_realm_can_give_every_login_that_is_asked_for() -> None:
    """Each acr of a step-up has a level, and the browser flow has a condition for each level."""
    levels = json.loads(REALM["attributes"]["acr.loa.map"])
    asked = {acr for risk in SETTINGS["risk"].values() for acr in risk.get("step_up", {}).get("acr_values", [])}
    configured = {config["config"].get("loa-condition-level") for config in REALM["authenticatorConfig"]}

    assert asked <= set(levels)
    assert {str(level) for level in levels.values()} == configured - {None}


def test_the_issuer_is_the_one_that_keycloak_is_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry, the actor tokens' audience and the harness name the same issuer."""
    assert f"{harness(monkeypatch, 'kc_server').HOSTNAME}/realms/{REALM['realm']}" == ISSUER
    assert [config["included.custom.audience"] for config in mapped("actor", AUDIENCE)] == [ISSUER]
    assert all("actor" in CLIENTS[name]["defaultClientScopes"] for name in EXCHANGERS)
    assert harness(monkeypatch, "kc_tokens").MCP in REGISTRY["targets"]


def test_one_version_of_keycloak_is_named_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is fetched, built against and documented."""
    version = harness(monkeypatch, "kc_dist").VERSION
    built = re.search(r"<keycloak.version>(.+)</", (KEYCLOAK / "provider" / "pom.xml").read_text(encoding="utf-8"))

    assert built is not None
    assert built[1] == version
    assert f"Keycloak {version}" in (KEYCLOAK / "README.md").read_text(encoding="utf-8")


def test_no_private_key_is_shipped() -> None:
    """The key for approvals is an example whose other half nobody has."""
    (key,) = read_json("policies/approvals.jwks.json")["keys"]

    assert key["kid"] == "replace-me"
    assert "d" not in key
    assert REGISTRY["issuers"]["https://approvals.example.com"]["jwks_file"] == "approvals.jwks.json"
