"""What the doctor says of servers that no test starts: representations as `GET /admin/serverinfo` gives them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actas.doctor import (
    keycloak_clients,
    keycloak_policy,
    keycloak_provider,
    keycloak_questions,
    keycloak_realm,
    keycloak_server,
)
from actas.doctor.finding import Finding, Level
from actas.doctor.keycloak_facts import TOKEN_EXCHANGE, Facts
from actas.doctor.keycloak_policy import Coverage, coverage

TODAY = date(2027, 1, 15)
ON = ("CLIENT_POLICIES", "TOKEN_EXCHANGE_STANDARD_V2")
OFF = ("TOKEN_EXCHANGE", "PARAMETERIZED_SCOPES", "TOKEN_EXCHANGE_DELEGATION")
INFORMATION = {
    "target": "127.0.0.1:50051", "tls": "none", "deadlineMs": "250", "state": "READY", "reportOnly": "",
    "version": "0.1.0",
}  # fmt: skip


def server(
    version: str = "26.7.3", on: tuple[str, ...] = ON, interceptors: dict[str, Any] | None = None, **information: str
) -> Facts:
    """Give a server as it describes itself."""
    features = [{"name": name, "enabled": name in on} for name in (*ON, *OFF)]
    processor = {"order": -(2**31), "operationalInfo": INFORMATION | information}
    providers = {
        "client-policy-executor": {"providers": {"actas": {"order": 0}}},
        "token-interceptor": {"providers": {"actas": processor, "organizations": {"order": 0}} | (interceptors or {})},
    }
    described = {"systemInfo": {"version": version}, "features": features, "providers": providers}
    return Facts("http://127.0.0.1:8180", "agents", server=described)


def bad(findings: list[Finding]) -> list[tuple[str, Level]]:
    """Give what is not ok."""
    return [(finding.check, finding.level) for finding in findings if finding.level is not Level.OK]


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("26.7.3", Level.OK),
        ("26.6.0", Level.OK),
        ("26.5.9", Level.FAIL),
        ("25.0.6", Level.FAIL),
        ("26.8.0", Level.WARN),
        ("27.0.0-SNAPSHOT", Level.WARN),
        ("", Level.WARN),
        ("nightly", Level.WARN),
    ],
)
def test_the_version_is_judged(version: str, level: Level) -> None:
    """Too old is a failure; 26.8 and what is not known are warned of."""
    assert next(one for one in keycloak_server.check(server(version)) if one.check == "server.version").level is level


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (ON, []),
        (("TOKEN_EXCHANGE_STANDARD_V2",), [("server.features", Level.FAIL)]),
        (("CLIENT_POLICIES",), [("server.features", Level.FAIL)]),
        ((*ON, "TOKEN_EXCHANGE"), [("server.features", Level.FAIL)]),
        ((*ON, "PARAMETERIZED_SCOPES"), [("server.features", Level.WARN)]),
        ((*ON, "TOKEN_EXCHANGE_DELEGATION"), [("server.features", Level.WARN)]),
    ],
)
def test_features_that_lead_around_the_provider(on: tuple[str, ...], expected: list[tuple[str, Level]]) -> None:
    """Each is told by the name of its flag."""
    assert bad(keycloak_server.check(server(on=on))) == expected


def test_a_server_that_says_nothing_is_not_called_well() -> None:
    """Absence is no proof: without features and providers everything fails."""
    silent = Facts("http://127.0.0.1:8180", "agents")
    assert {level for _, level in bad(keycloak_server.check(silent))} == {Level.FAIL, Level.WARN}
    assert bad(keycloak_provider.check(silent, TODAY)) == [("provider.loaded", Level.FAIL)] * 2
    assert bad(keycloak_realm.check(silent)) == [("realm.issuer", Level.FAIL), ("realm.lifetime", Level.WARN)]


@pytest.mark.parametrize("missing", ["client-policy-executor", "token-interceptor"])
def test_half_a_provider_is_none(missing: str) -> None:
    """Both halves are needed, and the missing one is named."""
    facts = server()
    del facts.server["providers"][missing]["providers"]["actas"]
    (finding,) = keycloak_provider.check(facts, TODAY)
    assert (finding.check, finding.level) == ("provider.loaded", Level.FAIL)
    assert missing in finding.message


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        ({}, []),
        ({"state": "IDLE"}, []),
        ({"target": "dns:///localhost:50051"}, []),
        ({"state": "TRANSIENT_FAILURE"}, [("provider.target", Level.FAIL)]),
        ({"target": "not set", "state": "NOT_CONFIGURED"}, [("provider.target", Level.FAIL)]),
        ({"target": "actas.example.com:50051"}, [("provider.tls", Level.WARN)]),
        ({"target": "actas.example.com:50051", "tls": "mutual"}, []),
        ({"reportOnly": "agents=2027-02-01"}, [("provider.mode", Level.WARN)]),
        ({"reportOnly": "other=2027-02-01"}, []),
        ({"reportOnly": "agents=2027-01-15"}, [("provider.mode", Level.WARN)]),
        ({"reportOnly": "whatever"}, [("provider.mode", Level.WARN)]),
    ],
)
def test_what_the_provider_says_of_itself(information: dict[str, str], expected: list[tuple[str, Level]]) -> None:
    """Where it asks, how, whether it is answered, and whether it enforces."""
    assert bad(keycloak_provider.check(server(**information), TODAY)) == expected


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("other=2027-02-01,agents=2027-01-16", "REPORT MODE until 2027-01-16"),
        ("agents=2027-01-15", "enforcing: the report mode of realm agents ended on 2027-01-15"),
        ("agents", "REPORT MODE is set in a way that is not understood"),
        ("", "enforcing: without a decision"),
    ],
)
def test_report_mode_is_said_loudly(setting: str, word: str) -> None:
    """The end date is exclusive, and what is not understood is not taken for enforcing."""
    said = [
        one.message for one in keycloak_provider.check(server(reportOnly=setting), TODAY) if one.group == "provider"
    ]
    assert any(word in message for message in said)
    if "not understood" in word:
        assert not any(message.startswith("enforcing") for message in said)


def test_a_post_processor_that_may_run_afterwards_is_told() -> None:
    """The highest order runs first, so only an equally low one can come after."""
    harmless = server(interceptors={"audit": {"order": 0}})
    assert bad(keycloak_provider.check(harmless, TODAY)) == []
    harmful = server(interceptors={"audit": {"order": -(2**31)}})
    assert bad(keycloak_provider.check(harmful, TODAY)) == [("provider.order", Level.WARN)]


GRANT = {"condition": "grant-type", "configuration": {"grant_types": [TOKEN_EXCHANGE]}}
ANY = {"condition": "any-client", "configuration": {}}
ROLES = {"condition": "client-roles", "configuration": {"roles": ["agent"]}}
NOT_ANY = {"condition": "any-client", "configuration": {"is-negative-logic": "true"}}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([GRANT], Coverage.ALL),
        ([ANY, GRANT], Coverage.ALL),
        ([GRANT, ROLES], Coverage.SOME),
        ([ROLES], Coverage.SOME),
        ([GRANT, NOT_ANY], Coverage.NONE),
        ([{"condition": "grant-type", "configuration": {}}], Coverage.NONE),
        ([{"condition": "grant-type"}], Coverage.NONE),
        ([], Coverage.NONE),
    ],
)
def test_conditions_are_joined_with_and(conditions: list[dict[str, Any]], expected: Coverage) -> None:
    """A policy covers every exchange only where each of its conditions does; one without conditions covers none."""
    assert coverage({"enabled": True, "conditions": conditions}) is expected
    assert coverage({"enabled": False, "conditions": conditions}) is Coverage.NONE
    assert coverage({"conditions": conditions}) is Coverage.NONE


def test_a_profile_that_is_gone_runs_nothing() -> None:
    """Keycloak passes over a name that leads nowhere, so its policy counts as none."""
    policy = {"name": "p", "enabled": True, "conditions": [GRANT], "profiles": ["nowhere"]}
    facts = Facts("", "agents", server=server().server, policies=[policy])
    assert keycloak_policy.executions(facts) == []
    assert bad(keycloak_policy.check(facts)) == [("policy.profile", Level.FAIL)]


def test_a_client_that_leaves_out_what_protects_fails() -> None:
    """A representation without fullScopeAllowed or scopes is not taken for a narrow one."""
    bare = {"id": "1", "clientId": "agent", "attributes": {"standard.token.exchange.enabled": "true"}}
    found = keycloak_clients.check(Facts("", "agents", clients=[bare]))
    assert bad(found) == [("clients.full_scope", Level.FAIL), ("clients.subject", Level.FAIL)]


def test_names_of_others_do_not_leave_the_shell_word() -> None:
    """A remedy is copied into a shell, and a realm administrator chooses the names in it."""
    bare = {
        "id": "$(id)",
        "serviceAccountsEnabled": True,
        "publicClient": True,
        "clientId": "agent",
        "attributes": {"standard.token.exchange.enabled": "true"},
    }
    found = keycloak_clients.check(Facts("", "a b; true", issuer="https://i", clients=[bare]))
    commands = [finding.remedy.command for finding in found if finding.remedy.command]
    assert commands
    for command in commands:
        assert "clients/'$(id)'" in command
        assert "-r 'a b; true'" in command


@pytest.mark.parametrize(("opted", "typ"), [("true", "at+jwt"), ("false", "JWT")])
def test_actas_is_asked_about_tokens_as_the_client_has_them(opted: str, typ: str) -> None:
    """A realm whose tokens say at+jwt is not found wrong for a registry that takes no JWT."""
    attributes = {"standard.token.exchange.enabled": "true", "access.token.header.type.rfc9068": opted}
    facts = Facts("", "agents", issuer="https://i", clients=[{"clientId": "agent", "attributes": attributes}])
    asked = keycloak_questions.questions(facts)["agent"]
    for token in (asked.subject_token, asked.actor_token):
        assert token is not None
        assert (token.header or {})["typ"] == typ
    (finding,) = keycloak_questions.check(facts, {"agent": ["TOKEN_TYPE_CONFUSION"]})
    assert f"access_token_typ: [{typ}]" in finding.remedy.command
