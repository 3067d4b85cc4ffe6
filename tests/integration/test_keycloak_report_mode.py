"""Report mode, in one Keycloak with three realms: one reports, one has passed its end date, one enforces."""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kc_dist
import kc_server
import pytest
from kc_actas import Actas
from kc_tokens import Response, Tokens

from keycloak_changes import added_mapper
from keycloak_faults import NO_DECISION, Exchanges, another_actas
from keycloak_other_ways import permission, resource_server
from keycloak_support import Story
from keycloak_world import World

pytestmark = pytest.mark.slow

REPORTS, ENDED, ENFORCES = "agents", "ended", "enforces"
REPORT_ONLY = f"{REPORTS}=2099-01-01,{ENDED}=2020-01-01"
# What a realm of this file gives where nobody asks Actas.
KEYCLOAKS_LIFETIME = json.loads(kc_server.REALM.read_text(encoding="utf-8"))["accessTokenLifespan"]


class ReportWorld:
    """One Keycloak, three realms made from the same file, and their tokens."""

    def __init__(self, keycloak: kc_server.Keycloak, actas: Actas, files: dict[str, Path]) -> None:
        """Keep the parts."""
        self.keycloak = keycloak
        self.actas = actas
        self.tokens = {name: Tokens(_Realm(keycloak, file)) for name, file in files.items()}

    @property
    def reporting(self) -> World:
        """The realm that reports, as the core suite sees it."""
        return World(Story(self.keycloak, self.actas, self.tokens[REPORTS]))

    def rogue(self, realm: str) -> Response:
        """Exchange as an agent that Alice's token does not name."""
        tokens = self.tokens[realm]
        return tokens.hop("rogue-agent", tokens.password_grant("alice").token, "investigator", "orders:read")

    def event(self, realm: str, kind: str) -> dict[str, Any]:
        """Give the realm's newest event of a kind."""
        events = self.keycloak.admin("GET", f"realms/{realm}/events?type={kind}&max=1")
        details: dict[str, Any] = events[0]["details"]
        return details

    def reported(self, realm: str) -> dict[str, float]:
        """Give how often each code was reported, as the server's metrics say."""
        found = {}
        for line in self.keycloak.metrics().splitlines():
            if line.startswith("actas_report_only_total{") and f'realm="{realm}"' in line:
                code = re.search(r'code="([^"]*)"', line)
                assert code is not None
                found[code[1]] = float(line.rsplit(" ", 1)[1])
        return found


class _Realm:
    """What Tokens needs of a Keycloak, for a realm other than the imported one."""

    def __init__(self, keycloak: kc_server.Keycloak, file: Path) -> None:
        self.url, self.issuer, self.realm_file = keycloak.url, keycloak.issuer, file


def renamed(name: str, number: int, folder: Path) -> Path:
    """Write the realm file again for a realm of another name; ids are unique in a whole server."""
    text = kc_server.REALM.read_text(encoding="utf-8")
    text = text.replace("/realms/agents", f"/realms/{name}").replace("-4000-8000-", f"-400{number}-8000-")
    realm = json.loads(text)
    realm["realm"] = name
    path = folder / f"{name}.json"
    path.write_text(json.dumps(realm), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportWorld]:
    """Start it once."""
    folder = tmp_path_factory.mktemp("realms")
    others = {name: renamed(name, number, folder) for number, name in enumerate((ENDED, ENFORCES), 1)}
    flags = [f"--spi-token-interceptor--actas--report-only={REPORT_ONLY}"]
    with contextlib.ExitStack() as running:
        dist = kc_dist.ensure(print)
        actas = running.enter_context(another_actas())
        keycloak = running.enter_context(kc_server.Keycloak(dist, target=actas.address, extra=flags))
        for file in others.values():
            keycloak.admin("POST", "realms", json.loads(file.read_text(encoding="utf-8")))
        world = ReportWorld(keycloak, actas, {REPORTS: kc_server.REALM, **others})
        for tokens in world.tokens.values():
            running.callback(tokens.close)
        yield world


def as_keycloak_does(answer: Response, *scopes: str) -> None:
    """Check that a token was issued, and that nothing of ours is in it."""
    assert answer.status == 200, answer.body
    issued = answer.claims
    assert not {"act", "decision_id", "txn"} & issued.keys()
    assert issued["exp"] - issued["iat"] == KEYCLOAKS_LIFETIME
    assert set(issued["scope"].split()) == set(scopes)


def test_a_would_be_denial_is_issued_and_reported(report: ReportWorld) -> None:
    """The token is Keycloak's own; the event, the log, the metric and Actas' log say what would have been refused."""
    before, decided = report.reported(REPORTS), len(report.actas.decisions())
    as_keycloak_does(report.rogue(REPORTS), "orders:read")
    (decision,) = report.actas.decisions()[decided:]
    assert decision["effect"] == "DENY"
    details = report.event(REPORTS, "TOKEN_EXCHANGE")
    assert details["actas_report_only"] == "true"
    assert details["actas_codes"].split(",") == decision["codes"]
    assert details["decision_id"] == decision["decision_id"]
    for code in decision["codes"]:
        assert report.reported(REPORTS)[code] == before.get(code, 0) + 1
        assert f"realm {REPORTS}: this token exchange would be refused: {code}" in report.keycloak.log_text()


def test_a_would_be_allow_is_not_narrowed_and_not_reported(report: ReportWorld) -> None:
    """Keycloak issues as before, and nothing is counted."""
    before = report.reported(REPORTS)
    as_keycloak_does(Exchanges(report.tokens[REPORTS]).first(), "metrics:read", "orders:read")
    assert report.actas.decisions()[-1]["effect"] == "ALLOW"
    assert report.reported(REPORTS) == before
    assert "actas_codes" not in report.event(REPORTS, "TOKEN_EXCHANGE")


def test_what_keycloak_itself_refuses_is_refused(report: ReportWorld) -> None:
    """Report mode takes back what we add, and nothing else."""
    answer = Exchanges(report.tokens[REPORTS]).refused_before_actas()
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize("realm", [ENDED, ENFORCES])
def test_other_realms_and_a_realm_after_its_date_enforce(report: ReportWorld, realm: str) -> None:
    """The mode is one realm's, until a date."""
    answer = report.rogue(realm)
    assert answer.status in {400, 403}
    assert "access_token" not in answer.body
    details = report.event(realm, "TOKEN_EXCHANGE_ERROR")
    assert details["decision_id"] == report.actas.decisions()[-1]["decision_id"]
    assert "actas_report_only" not in details
    assert report.reported(realm) == {}


def test_start_log_and_serverinfo_say_it_loudly(report: ReportWorld) -> None:
    """Whoever runs the server cannot miss that a realm is not protected, nor that a date has passed."""
    warnings = [line for line in report.keycloak.log_text().splitlines() if " WARN " in line]
    assert any(f"REPORT MODE in realm {REPORTS} until 2099-01-01" in line for line in warnings)
    assert any(f"realm {ENDED} has ended on 2020-01-01" in line for line in warnings)
    info = report.keycloak.admin("GET", "serverinfo")["providers"]["token-interceptor"]["providers"]["actas"]
    assert info["operationalInfo"]["reportOnly"] == REPORT_ONLY


def test_a_policy_that_is_switched_off_is_reported_too(report: ReportWorld) -> None:
    """Where the executor never runs, a realm that enforces would refuse everything: that is worth knowing before."""
    path = f"realms/{REPORTS}/client-policies/policies"
    policies = report.keycloak.admin("GET", path)
    off = copy.deepcopy(policies)
    for policy in off["policies"]:
        policy["enabled"] = False
    report.keycloak.admin("PUT", path, off)
    try:
        before = report.reported(REPORTS).get("NOT_ASKED", 0)
        as_keycloak_does(report.rogue(REPORTS), "orders:read")
        assert report.reported(REPORTS)["NOT_ASKED"] == before + 1
    finally:
        report.keycloak.admin("PUT", path, policies)


def test_a_token_that_is_not_as_decided_is_issued_and_reported(report: ReportWorld) -> None:
    """A mapper that would have every exchange refused once the realm enforces is found while it only reports."""
    exchanges = Exchanges(report.tokens[REPORTS])
    config = {"claim.name": "azp", "claim.value": "chat-ui", "jsonType.label": "String"}
    before = report.reported(REPORTS)
    with added_mapper(report.reporting, "on-call", "oidc-hardcoded-claim-mapper", **config):
        answer = exchanges.first()
    as_keycloak_does(answer, "metrics:read", "orders:read")
    assert answer.claims["azp"] == "chat-ui"
    assert report.actas.decisions()[-1]["effect"] == "ALLOW"
    assert report.reported(REPORTS) == before | {"TOKEN_NOT_AS_DECIDED": before.get("TOKEN_NOT_AS_DECIDED", 0) + 1}
    said = f"realm {REPORTS}: this token exchange would be refused: TOKEN_NOT_AS_DECIDED"
    assert said in report.keycloak.log_text()


def test_another_grant_with_an_exchanged_token_is_reported(report: ReportWorld) -> None:
    """The realm that enforces would give it no permission; here it has one, and NOT_ASKED is counted."""
    exchanged = Exchanges(report.tokens[REPORTS]).first().token
    before = report.reported(REPORTS)
    with resource_server(report.reporting):
        answer = permission(report.reporting, exchanged)
    assert answer.status == 200, answer.body
    assert report.reported(REPORTS) == before | {"NOT_ASKED": before.get("NOT_ASKED", 0) + 1}


def test_without_actas_it_is_issued_and_counted(report: ReportWorld) -> None:
    """An outage of Actas is none of a realm that only reports; the others refuse."""
    exchanges = {realm: Exchanges(report.tokens[realm]) for realm in (REPORTS, ENFORCES)}
    before = report.reported(REPORTS).get("NO_DECISION", 0)
    report.actas.stop()
    try:
        as_keycloak_does(exchanges[REPORTS].first(), "metrics:read", "orders:read")
        refused = exchanges[ENFORCES].first()
    finally:
        report.actas.start()
    assert (refused.status, refused.body) == NO_DECISION
    assert report.reported(REPORTS)["NO_DECISION"] == before + 1
    assert report.event(REPORTS, "TOKEN_EXCHANGE")["actas_no_decision"] == "UNAVAILABLE"
