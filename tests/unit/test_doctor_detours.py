"""What the doctor says of realms that no test starts: clients around the decision, realms that are none, algorithms."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from actas.doctor import keycloak_detours, keycloak_provider, keycloak_questions, keycloak_report_mode
from actas.doctor.finding import Finding, Level
from actas.doctor.keycloak_detours import SIGNED_INTROSPECTION
from actas.doctor.keycloak_facts import EXCHANGE_ENABLED, Facts

ALGORITHM = "access.token.signed.response.alg"


def realm(*clients: dict[str, Any], **representation: Any) -> Facts:
    """Give a realm with *clients*."""
    return Facts("", "agents", issuer="https://i", clients=list(clients), representation=representation)


def bad(findings: list[Finding]) -> list[tuple[str, Level, str]]:
    """Give what is not ok."""
    return [(one.check, one.level, one.subject) for one in findings if one.level is not Level.OK]


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"attributes": {SIGNED_INTROSPECTION: "true"}}, True),
        ({"attributes": {SIGNED_INTROSPECTION: "TRUE"}}, True),
        ({"attributes": {SIGNED_INTROSPECTION: "true"}, "enabled": False}, True),
        ({"attributes": {SIGNED_INTROSPECTION: "false"}}, False),
        ({"attributes": {SIGNED_INTROSPECTION: ""}}, False),
        ({"attributes": {}}, False),
        ({}, False),
    ],
)
def test_no_client_may_have_introspection_sign(attributes: dict[str, Any], found: bool) -> None:
    """It is a failure for each client, whether or not that one exchanges tokens."""
    findings = keycloak_detours.check(realm({"id": "1", "clientId": "api"} | attributes))
    assert bad(findings) == ([("realm.introspection", Level.FAIL, "api")] if found else [])
    for finding in (one for one in findings if one.subject):
        assert "Support JWT claim in Introspection Response off" in finding.remedy.console
        *line, setting = shlex.split(finding.remedy.command)
        assert line == ["kcadm.sh", "update", "clients/1", "-r", "agents", "-s"]
        assert setting == f'attributes."{SIGNED_INTROSPECTION}"=false'


@pytest.mark.parametrize(("services", "found"), [({"authorizationServicesEnabled": True}, True), ({}, False)])
def test_authorization_services_are_warned_of(services: dict[str, Any], found: bool) -> None:
    """UMA gives out tokens that no exchange was decided for."""
    findings = keycloak_detours.check(realm({"id": "1", "clientId": "api"} | services))
    assert bad(findings) == ([("realm.authorization", Level.WARN, "api")] if found else [])
    for finding in (one for one in findings if one.subject):
        assert finding.remedy.console == "Clients → api → Settings → Capability config: Authorization off"
        assert finding.remedy.command == "kcadm.sh update clients/1 -r agents -s authorizationServicesEnabled=false"


def test_the_client_of_admin_permissions_is_passed_over() -> None:
    """Nobody can change it; another one of that name is told where the realm has none of its own."""
    client = {"id": "1", "clientId": "admin-permissions", "authorizationServicesEnabled": True}
    assert bad(keycloak_detours.check(realm(client, adminPermissionsClient={"clientId": "admin-permissions"}))) == []
    assert bad(keycloak_detours.check(realm(client))) == [("realm.authorization", Level.WARN, "admin-permissions")]


@pytest.mark.parametrize("missing", [[], ["agnets"], ["agnets", "a=b"]])
def test_report_mode_of_a_realm_that_is_none_is_told(missing: list[str]) -> None:
    """Each by its name, with where the names are and the setting."""
    there = {"operationalInfo": {"target": "127.0.0.1:50051"}, "order": -(2**31)}
    providers = {spi: {"providers": {"actas": there}} for spi in ("client-policy-executor", "token-interceptor")}
    findings = keycloak_provider.check(Facts("", "agents", server={"providers": providers}, missing_realms=missing))
    assert bad(findings) == [("provider.mode", Level.WARN, name) for name in missing]
    for finding in (one for one in findings if one.subject):
        assert finding.remedy.console
        assert "kcadm.sh get realms" in finding.remedy.command
        assert "report-only=" in finding.remedy.command


@pytest.mark.parametrize(
    ("setting", "names"),
    [("", []), ("agents=2027-02-01", ["agents"]), ("a=b=2027-02-01,c=2027-02-01", ["a=b", "c"])],
)
def test_the_realms_of_report_mode_are_read_as_the_provider_writes_them(setting: str, names: list[str]) -> None:
    """A realm's name may have an equals sign, its date has none."""
    assert list(keycloak_report_mode.realms(setting)) == names


def agent(name: str, **attributes: str) -> dict[str, Any]:
    """Give a client that may exchange tokens."""
    return {"clientId": name, "attributes": {EXCHANGE_ENABLED: "true", **attributes}}


@pytest.mark.parametrize(
    ("chosen", "of_the_realm", "expected"),
    [
        ({ALGORITHM: "ES384"}, {"defaultSignatureAlgorithm": "PS256"}, "ES384"),
        ({ALGORITHM: ""}, {"defaultSignatureAlgorithm": "PS256"}, "PS256"),
        ({}, {"defaultSignatureAlgorithm": "PS256"}, "PS256"),
        ({}, {}, "RS256"),
    ],
)
def test_actas_is_asked_with_the_clients_algorithm(
    chosen: dict[str, str], of_the_realm: dict[str, str], expected: str
) -> None:
    """A client's own choice comes before the realm's, and that before Keycloak's."""
    asked = keycloak_questions.questions(realm(agent("agent", **chosen), **of_the_realm))["agent"]
    for token in (asked.subject_token, asked.actor_token):
        assert token is not None
        assert (token.header or {})["alg"] == expected


def test_an_algorithm_of_one_client_is_not_told_of_all() -> None:
    """The sentence names who is denied, and the remedy keeps what the others need."""
    facts = realm(agent("one", **{ALGORITHM: "ES384"}), agent("two"))
    (finding,) = keycloak_questions.check(facts, {"one": ["ALG_NOT_ALLOWED"], "two": []})
    assert finding.message == "Actas denies the exchanges of one at https://i: ALG_NOT_ALLOWED"
    assert "algorithms: [ES384, RS256]" in finding.remedy.command
    (finding,) = keycloak_questions.check(facts, {name: ["ALG_NOT_ALLOWED"] for name in ("one", "two")})
    assert finding.message == "Actas denies every exchange of https://i: ALG_NOT_ALLOWED"


@pytest.mark.parametrize("kind", ["default", "optional"])
def test_a_scope_openid_is_warned_of(kind: str) -> None:
    """An exchange that asks for it is refused, since the ID token would carry no act."""
    agent = {
        "id": "1",
        "clientId": "agent",
        "attributes": {EXCHANGE_ENABLED: "true"},
        f"{kind}ClientScopes": ["openid"],
    }
    facts = realm(agent, {"id": "2", "clientId": "login", "defaultClientScopes": ["openid"]})
    facts.client_scopes.append({"id": "s", "name": "openid"})
    findings = keycloak_detours.check(facts)
    assert bad(findings) == [("realm.openid", Level.WARN, "agent")]
    (finding,) = (one for one in findings if one.subject)
    assert finding.remedy.command == f"kcadm.sh delete clients/1/{kind}-client-scopes/s -r agents"
