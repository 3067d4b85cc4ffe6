"""`actas doctor keycloak` as a shell runs it: how it logs in, what it prints, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from actas.doctor import keycloak_facts
from actas.doctor.keycloak_api import Keycloak, Login
from cli_support import Ran, actas
from keycloak_support import ISSUER, POLICIES, REALM, Story, changed, client
from ports import free_port

PASSWORD = "a pass phrase of the doctor's"
SECRET = "the-doctors-client-secret"
SECRETS = {"ACTAS_KEYCLOAK_PASSWORD": PASSWORD, "ACTAS_KEYCLOAK_CLIENT_SECRET": SECRET}


def doctor(url: str, *arguments: str | Path, **environment: str) -> Ran:
    """Run the command."""
    return actas("doctor", "keycloak", "--url", url, "--realm", REALM, *arguments, env=environment)


@pytest.fixture
def token(keycloak_story: Story, tmp_path: Path) -> Path:
    """Write a token of the administrator into a file."""
    file = tmp_path / "token"
    file.write_text(keycloak_story.keycloak.admin_token() + "\n", encoding="utf-8")
    return file


@pytest.fixture
def accounts(keycloak_story: Story) -> Iterator[None]:
    """Make a user and a service account that may view the realm and its clients, and nothing else."""
    admin = keycloak_story.keycloak.admin
    user = {"username": "doctor", "enabled": True, "credentials": [{"type": "password", "value": PASSWORD}]}
    user |= {"email": "doctor@example.test", "emailVerified": True, "firstName": "A", "lastName": "Doctor"}
    machine = {"clientId": "doctor", "secret": SECRET, "serviceAccountsEnabled": True, "publicClient": False}
    admin("POST", "realms/master/users", user)
    admin("POST", "realms/master/clients", machine)
    person = admin("GET", "realms/master/users?username=doctor&exact=true")[0]["id"]
    service = admin("GET", "realms/master/clients?clientId=doctor")[0]["id"]
    account = admin("GET", f"realms/master/clients/{service}/service-account-user")["id"]
    management = admin("GET", f"realms/master/clients?clientId={REALM}-realm")[0]["id"]
    roles = [
        admin("GET", f"realms/master/clients/{management}/roles/{name}") for name in ("view-realm", "view-clients")
    ]
    for one in (person, account):
        admin("POST", f"realms/master/users/{one}/role-mappings/clients/{management}", roles)
    yield
    admin("DELETE", f"realms/master/users/{person}")
    admin("DELETE", f"realms/master/clients/{service}")


def test_the_story_is_well(keycloak_story: Story, token: Path) -> None:
    """The realm that is shipped has nothing to change, and Actas knows everybody in it."""
    more = ("--policies", POLICIES, "--actas", keycloak_story.actas.address)
    ran = doctor(keycloak_story.keycloak.url, "--token-file", token, *more)
    assert (ran.status, ran.complaint) == (0, "")
    assert ran.output.splitlines()[-1].endswith("checks hold.")
    assert "enforcing" in ran.output


def test_a_failure_is_told_to_people_and_programs(keycloak_story: Story, token: Path) -> None:
    """Both are told the same, with what to change, and the exit status is 1."""
    keycloak = keycloak_story.keycloak
    with changed(keycloak, client(keycloak, "on-call"), fullScopeAllowed=True):
        people = doctor(keycloak.url, "--token-file", token)
        programs = doctor(keycloak.url, "--token-file", token, "--json")
    assert people.status == programs.status == 1
    assert (programs.document["realm"], programs.document["issuer"]) == (REALM, ISSUER)
    assert programs.document["counts"]["fail"] == 1
    (finding,) = (each for each in programs.document["findings"] if each["level"] == "fail")
    for words in (finding["message"], *finding["remedy"].values()):
        assert words in people.output
    assert people.output.splitlines()[-1] == "1 failure, no warnings."


def test_a_warning_is_no_failure(keycloak_story: Story, token: Path) -> None:
    """A trap that is open is told, and the exit status stays 0."""
    keycloak = keycloak_story.keycloak
    with changed(keycloak, f"realms/{REALM}", accessTokenLifespan=3600):
        ran = doctor(keycloak.url, "--token-file", token)
    assert (ran.status, ran.output.splitlines()[-1]) == (0, "no failures, 1 warning.")


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("login", [("--user", "doctor"), ("--client-id", "doctor")])
def test_viewing_is_enough(keycloak_story: Story, login: tuple[str, str]) -> None:
    """A user and a service account that may only view see everything but the version, and no secret is printed."""
    ran = doctor(keycloak_story.keycloak.url, *login, "--json", **SECRETS)
    assert ran.status == 0, ran.complaint
    assert [each["check"] for each in ran.document["findings"] if each["level"] != "ok"] == ["server.version"]
    for secret in (PASSWORD, SECRET, "on-call-secret", "eyJ"):
        assert secret not in ran.output + ran.complaint


@pytest.mark.usefixtures("accounts")
def test_a_realm_out_of_sight_is_not_called_missing(keycloak_story: Story) -> None:
    """An account that is shown one realm finds the others all the same; one that may list none says nothing."""
    agent = Login(token=keycloak_story.tokens.client_credentials("on-call").token)
    for login, shown, gone in ((Login(user="doctor", secret=PASSWORD), {REALM}, ["nowhere"]), (agent, set(), [])):
        with Keycloak(keycloak_story.keycloak.url) as connection:
            connection.log_in(login)
            assert connection.realms() == shown
            assert keycloak_facts.missing(connection, [REALM, "master", "nowhere"]) == gone


@pytest.mark.usefixtures("accounts")
def test_viewing_shows_authorization_services(keycloak_story: Story) -> None:
    """Whether a client has authorization services is seen without a role of theirs."""
    admin = keycloak_story.keycloak.admin
    new = {"clientId": "uma", "serviceAccountsEnabled": True, "authorizationServicesEnabled": True}
    admin("POST", f"realms/{REALM}/clients", new)
    try:
        ran = doctor(keycloak_story.keycloak.url, "--user", "doctor", "--json", **SECRETS)
    finally:
        admin("DELETE", client(keycloak_story.keycloak, "uma"))
    told = [each["subject"] for each in ran.document["findings"] if each["check"] == "realm.authorization"]
    assert told == ["uma"]


@pytest.mark.usefixtures("accounts")
def test_a_wrong_password_is_bad_input(keycloak_story: Story, tmp_path: Path) -> None:
    """The password is read from the file where one is given, and a refused one is not repeated."""
    file = tmp_path / "password"
    file.write_text("wrong-password\n", encoding="utf-8")
    ran = doctor(keycloak_story.keycloak.url, "--user", "doctor", "--password-file", file, **SECRETS)
    assert ran.status == 2
    assert "refuses this login" in ran.complaint
    assert "wrong-password" not in ran.complaint
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    assert doctor(keycloak_story.keycloak.url, "--user", "doctor", "--password-file", file).status == 0


def test_an_account_that_may_not_look_is_told_which_role(keycloak_story: Story, tmp_path: Path) -> None:
    """An agent's own token opens nothing, and the sentence says what would."""
    (tmp_path / "token").write_text(keycloak_story.tokens.client_credentials("on-call").token, encoding="utf-8")
    ran = doctor(keycloak_story.keycloak.url, "--token-file", tmp_path / "token")
    assert ran.status == 2
    assert ran.complaint.startswith("error: ")
    assert len(ran.complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "exactly one of"),
        (("--user", "a", "--client-id", "b"), "exactly one of"),
        (("--user", "a"), "ACTAS_KEYCLOAK_PASSWORD"),
        (("--user", "a", "--password-file", "nowhere"), "cannot be read"),
    ],
)
def test_a_login_is_complete(arguments: tuple[str, ...], complaint: str) -> None:
    """What is missing is said before anybody is asked."""
    ran = doctor("http://127.0.0.1:9", *arguments, ACTAS_KEYCLOAK_PASSWORD="")
    assert ran.status == 2
    assert complaint in ran.complaint


def test_an_unknown_realm_is_bad_input(keycloak_story: Story, token: Path) -> None:
    """A misspelt realm is said to be none."""
    url = keycloak_story.keycloak.url
    ran = actas("doctor", "keycloak", "--url", url, "--realm", "agent", "--token-file", token)
    assert (ran.status, ran.complaint) == (2, f"error: there is no realm agent at {url}\n")


def test_actas_does_not_know_the_realm(keycloak_story: Story, token: Path, tmp_path: Path) -> None:
    """What the registry lacks is named with the code that the exchanges would be denied with."""
    registry = tmp_path / "custom" / "actas" / "registry"
    registry.mkdir(parents=True)
    (registry / "data.yaml").write_text(
        "authorization_servers: [https://as.example.com]\n"
        "issuers: {https://as.example.com: [subject, actor]}\n"
        "targets: {elsewhere: {scopes: {read: {}}}}\n",
        encoding="utf-8",
    )
    ran = doctor(keycloak_story.keycloak.url, "--token-file", token, "--policies", tmp_path, "--json")
    assert ran.status == 1
    told = json.dumps([each for each in ran.document["findings"] if each["level"] != "ok"])
    for words in ("AUTHORIZATION_SERVER_UNKNOWN", "UNTRUSTED_ISSUER", "CLIENT_NOT_ALLOWED", "on-call", "elsewhere"):
        assert words in told


def test_a_client_that_actas_does_not_know(keycloak_story: Story, token: Path) -> None:
    """A running Actas is asked about each client that may exchange, so a new one is not forgotten."""
    keycloak = keycloak_story.keycloak
    new = {"clientId": "new-agent", "publicClient": False, "fullScopeAllowed": False}
    new |= {"attributes": {"standard.token.exchange.enabled": "true"}}
    keycloak.admin("POST", f"realms/{REALM}/clients", new)
    try:
        ran = doctor(keycloak.url, "--token-file", token, "--actas", keycloak_story.actas.address, "--json")
    finally:
        keycloak.admin("DELETE", client(keycloak, "new-agent"))
    assert ran.status == 1
    (finding,) = (each for each in ran.document["findings"] if each["level"] == "fail")
    assert (finding["check"], finding["subject"]) == ("actas.registry", "new-agent")
    assert "CLIENT_NOT_ALLOWED" in finding["message"]


def test_an_actas_that_is_down_is_unreachable(keycloak_story: Story, token: Path) -> None:
    """It is not called healthy."""
    ran = doctor(keycloak_story.keycloak.url, "--token-file", token, "--actas", f"127.0.0.1:{free_port()}")
    assert ran.status == 3
    assert ran.output == ""
