"""Policy data: how settings and registry become what OPA looks things up in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from actas.policy.codes import code_table
from actas.policy.data import PolicyData, Surroundings
from actas.policy.generate import generated
from actas.policy.located import read
from actas.policy.weaker import weaker_settings

POLICIES = Path(__file__).resolve().parents[2] / "policies"
AS = "https://as.example.com"
REGISTRY: dict[str, Any] = {
    "authorization_servers": [AS],
    "issuers": {
        AS: ["subject", "may_act"],
        "https://kc.example.com": {"roles": ["actor"], "access_token_typ": ["JWT"]},
    },
    "clients": {"chat": {"actors": ["mail"], "scopes": ["mail.read"], "targets": ["mail-api"]}},
    "targets": {"https://mail.example.com/": {"scopes": {"mail.read": {}}, "aliases": ["mail-api"]}},
    "agents": {
        "mail": {
            "identities": [
                {"spiffe_id": "spiffe://example.org/agent/mail"},
                {"iss": AS, "sub": "mail-bot"},
                {"iss": AS, "client_id": "mail-client"},
            ]
        }
    },
    "grants": [{"iss": AS, "sub": "*", "actor": "mail", "scopes": ["mail.read"], "targets": ["mail-api"]}],
    "authorization_details": {
        "payment": {"fields": ["type", "amount"], "compare": "max", "max": {"amount": "1000.00"}},
        "mailbox": {"fields": ["type", "actions"], "actions": ["read"], "compare": "subset"},
    },
}


@pytest.fixture(scope="module")
def shipped() -> PolicyData:
    """The shipped settings without any adopter."""
    settings = read(POLICIES / "actas" / "settings" / "data.yaml").value
    return PolicyData.merge(settings, {}, {}, Surroundings(codes=code_table(POLICIES / "codes.json")))


def messages(data: PolicyData) -> list[str]:
    """What is wrong with *data*."""
    return [finding.message for finding in data.findings]


def test_the_shipped_settings_are_valid_and_weaken_nothing(shipped: PolicyData) -> None:
    """What is shipped passes its own model."""
    assert shipped.findings == ()
    assert weaker_settings(shipped.settings, shipped.settings) == []


def test_the_generated_files_are_up_to_date() -> None:
    """Schemas and code data are made from the models and the code table, never by hand."""
    for path, content in generated(POLICIES).items():
        assert path.read_text(encoding="utf-8") == content, f"{path.name}: run python -m actas.policy.generate"


def test_the_published_schemas_accept_what_activation_accepts(shipped: PolicyData) -> None:
    """An editor that checks against the schema agrees with the service."""
    for name, value in (("settings", shipped.settings), ("settings", {"max_targets": 2}), ("registry", REGISTRY)):
        schema = json.loads((POLICIES / "actas" / "settings" / f"{name}.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(value, schema)


def test_the_registry_is_indexed_by_what_requests_bring(shipped: PolicyData) -> None:
    """Aliases lead to their target, identities to their agent, and what is left out has its default."""
    data = shipped.override({"registry": REGISTRY})
    index = data.index

    assert data.findings == ()
    assert index["single_authorization_server"] == AS
    assert index["targets"]["mail-api"]["canonical"] == "https://mail.example.com/"
    assert index["targets"]["mail-api"]["max_lifetime_seconds"] == 900
    assert index["clients"]["chat"]["targets"] == {"https://mail.example.com/": True}
    assert index["identities"] == {
        "spiffe://example.org": {"spiffe://example.org/agent/mail": "mail"},
        AS: {"mail-bot": "mail"},
    }
    assert index["client_identities"] == {AS: {"mail-client": "mail"}}
    assert index["agents"]["mail"]["workload_prefixes"].keys() == {
        "spiffe://example.org", "spiffe://example.org/agent", "spiffe://example.org/agent/mail"
    }  # fmt: skip
    assert index["grants"]["mail"]["*"][0]["client_id"] == ""
    assert index["issuers"]["https://kc.example.com"]["access_token_typ"] == {"jwt": True}
    assert "none" not in index["issuers"][AS]["algorithms"]
    assert index["authorization_details"]["mailbox"]["values"] == {"actions": {"read": True}}
    assert index["authorization_details"]["payment"]["max"] == {"amount": "00000000000000001000.000000000000000000"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_targets": "1"}, "input should be a valid integer"),
        ({"max_targets": True}, "input should be a valid integer"),
        ({"max_targets": None}, "input should be a valid integer"),
        ({"scope_excess": "drop"}, "input should be 'narrow' or 'deny'"),
        ({"max_target": 1}, "unknown key"),
        ({"disabled_rules": ["OUTPUT_WIDENED"]}, "OUTPUT_WIDENED is locked: it can't be disabled"),
        ({"risk": {"a": {"credential_classes": ["fax"]}}}, "unknown credential class 'fax'"),
        ({"min_lifetime_seconds": 1000}, "is more than max_lifetime_seconds"),
    ],
)
def test_invalid_settings_of_a_case_are_marked_and_never_raise(
    shipped: PolicyData, settings: dict[str, Any], message: str
) -> None:
    """A case with wrong settings is decided, and the decision is SETTINGS_INVALID."""
    data = shipped.override({"settings": settings, "registry": REGISTRY})

    assert messages(data) == [message]
    assert data.tree()["actas"]["activation"] == {"settings_valid": False}
    assert data.index["clients"].keys() == {"chat"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agents": {"plan": {"identities": [{"iss": AS, "sub": "mail-bot"}]}}}, "already belongs to the agent 'mail'"),
        ({"agents": {"plan": {"identities": [{"iss": AS, "sub": "mail"}]}}}, "is also the id of another agent"),
        ({"agents": {"spiffe://a/b": {"identities": [{"iss": AS, "sub": "x"}]}}}, "must not look like a SPIFFE ID"),
        ({"targets": {"https://b/": {"aliases": ["mail-api"]}}}, "already names the target"),
        ({"targets": {"https://b/": {"scopes": {"a": {"risk": "big"}}}}}, "unknown risk class 'big'"),
        ({"issuers": {"https://b": {"roles": ["subject"], "algorithms": ["HS256"]}}}, "input should be 'RS256'"),
        ({"issuers": {"https://b": ["everything"]}}, "input should be 'subject'"),
    ],
)
def test_a_registry_that_contradicts_itself_is_invalid(
    shipped: PolicyData, change: dict[str, Any], message: str
) -> None:
    """Names that clash or lead nowhere can't be decided over."""
    registry = {**REGISTRY, **{name: {**REGISTRY[name], **entries} for name, entries in change.items()}}

    data = shipped.override({"registry": registry})

    assert not data.settings_valid
    assert any(message in found for found in messages(data)), messages(data)


def test_with_several_authorization_servers_clients_and_grants_name_theirs(shipped: PolicyData) -> None:
    """A client of one authorization server is not the client of that name at another."""
    data = shipped.override({"registry": {**REGISTRY, "authorization_servers": [AS, "https://as2.example.com"]}})

    assert [finding.path for finding in data.findings] == [("registry", "clients", "chat"), ("registry", "grants", 0)]


def test_unknown_agents_are_reported_but_only_deny(shipped: PolicyData) -> None:
    """A name that matches nobody refuses an activation, but does not make the rest of a case's data invalid."""
    clients = {"chat": {**REGISTRY["clients"]["chat"], "actors": ["mial"]}}

    data = shipped.override({"registry": {**REGISTRY, "clients": clients}})

    assert messages(data) == ["unknown agent 'mial'"]
    assert data.settings_valid


def test_a_client_of_an_unknown_authorization_server_is_reported_but_only_denies(shipped: PolicyData) -> None:
    """It is nobody's client here; a target may well name servers that are not ours."""
    clients = {"chat": {**REGISTRY["clients"]["chat"], "authorization_server": "https://other"}}
    targets = {
        name: {**entry, "authorization_servers": ["https://other"]} for name, entry in REGISTRY["targets"].items()
    }

    data = shipped.override({"registry": {**REGISTRY, "clients": clients, "targets": targets}})

    assert messages(data) == ["unknown authorization server 'https://other'"]
    assert data.settings_valid


def test_a_case_replaces_settings_by_key_and_the_registry_whole(shipped: PolicyData) -> None:
    """Entries of one registry never meet those of another."""
    mine = shipped.override({"settings": {"max_targets": 2}, "registry": REGISTRY})

    case = mine.override({"settings": {"impersonation": "allow"}, "registry": {"clients": {"b": {}}}})

    assert (case.settings["max_targets"], case.settings["impersonation"]) == (2, "allow")
    assert case.registry == {"clients": {"b": {}}}
    assert case.index["agents"] == {}


def test_every_loosened_setting_is_listed(shipped: PolicyData) -> None:
    """What is weaker than shipped is never unnoticed, and what is stricter is not mentioned."""
    risk = {**shipped.settings["risk"], "payment": {"step_up": {"acr_values": ["urn:actas:acr:mfa"], "max_age": 3600}}}
    loosened = {
        "clock_skew_seconds": 60,
        "max_chain_depth": 2,
        "lifetime_caps": ["approval_until"],
        "forbidden_scopes": [],
        "disabled_rules": ["ACTOR_UNKNOWN"],
        "chain_loop": "allow",
        "risk": risk,
    }

    assert weaker_settings(shipped.settings, shipped.override({"settings": loosened}).settings) == [
        "clock_skew_seconds is 60; the shipped settings say 30",
        "chain_loop is allow; the shipped settings say deny",
        "lifetime_caps no longer holds subject_exp",
        "forbidden_scopes no longer holds admin",
        "disabled_rules holds ACTOR_UNKNOWN",
        "risk.payment.step_up.max_age is 3600; shipped: 300",
        "risk.payment asks for no approval any more",
        "risk.payment.max_lifetime_seconds is unlimited; shipped: 120",
    ]


def test_asking_for_less_that_is_verified_here_is_weaker(shipped: PolicyData) -> None:
    """The shipped classes ask for none, so a revision is held against stricter settings here."""
    strict = shipped.override({"settings": {"risk": {"payment": {"verified": ["subject_token", "actor_workload"]}}}})
    loose = shipped.override({"settings": {"risk": {"payment": {"verified": ["actor_workload", "actor_token"]}}}})
    assert weaker_settings(strict.settings, loose.settings) == ["risk.payment.verified no longer holds subject_token"]
    assert strict.index["proof_demanded"] is True
    assert strict.index["risk"]["payment"]["verified_tokens"] == ["subject_token"]
    assert strict.index["risk"]["payment"]["verified_workload"] is True
    assert shipped.index["proof_demanded"] is False
