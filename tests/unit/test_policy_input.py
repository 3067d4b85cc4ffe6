"""The policy input: what a policy can see, and what it must never see."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actas import facts, policy_input, svid_facts
from actas.document import from_document
from actas.policy.state import RevocationState
from actas.proof import Proof
from actas.request import (
    ActorWorkload,
    Approval,
    AuthorizationCode,
    Client,
    Consent,
    Context,
    ExchangeRequest,
    JsonText,
    Token,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "exchange.jsonl"
NOW = 1_800_000_000
# Raw evidence, and words that only the record needs.
NEVER_SHOWN = {"unverified_token", "jwt_svid", "x509_svid", "jws", "request_id", "parent_decision_id", "proof"}
SECRET = "a-secret-that-no-policy-needs"

CLAIMS: dict[str, Any] = {
    "iss": "https://as.example.com",
    "sub": "spiffe://example.org/agent/mail",
    "aud": ["a", "b"],
    "exp": NOW + 60,
    "nbf": NOW,
    "iat": NOW,
    "auth_time": NOW,
    "scope": "mail.read",
    "client_id": "chat-ui",
    "tenant": "t",
    "cnf": {"jkt": "K1"},
    "act": {"sub": "spiffe://example.org/agent/a", "client_id": "c", "act": {"iss": "i", "sub": "b"}},
    "may_act": {"sub": "spiffe://example.org/agent/a", "client_id": "c"},
    "authorization_details": [{"type": "payment", "amount": "1.00"}],
}


def given(claims: dict[str, Any], kind: str) -> Token:
    """Make a token with every member."""
    return Token(
        token_type="urn:ietf:params:oauth:token-type:jwt",
        credential_class="oauth",
        verified=True,
        header={"typ": "JWT", "alg": "ES256", "kid": "k"},
        kind=kind,
        bundle_trust_domain="example.org",
        pop_jkt="K1",
        claims=JsonText(json.dumps(claims), claims),
        unverified_token=SECRET,
        proof=Proof(),
    )


FULL = ExchangeRequest(
    authorization_server="https://as.example.com",
    grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
    request_id=SECRET,
    client=Client("c", True, True, "private_key_jwt", "K1", "name", "t"),
    subject_token=given(CLAIMS, ""),
    actor_token=given({name: CLAIMS[name] for name in ("sub", "aud", "exp", "iat", "client_id")}, "jwt_svid"),
    actor_workload=ActorWorkload("spiffe://example.org/agent/mail", SECRET, (SECRET.encode(),), Proof()),
    resource=("https://mail.example.com/",),
    audience=("mail",),
    scope="mail.read",
    authorization_details=JsonText("[]", [{"type": "payment", "amount": "1.00"}]),
    requested_lifetime=60,
    approvals=(Approval("a", True, "approved", "s", "a", "c", "t", "x", "b", NOW, JsonText("[]", []), SECRET),),
    consents=(Consent(True, "i", "s", "c", "a", "x", NOW, "as"),),
    code=AuthorizationCode("s", "c", "spiffe://example.org/agent/mail", "authorization"),
    parent_decision_id=SECRET,
    context=Context("p", "t", "127.0.0.1", ("/a",)),
    duplicate_parameters=("scope",),
)


def build(request: ExchangeRequest) -> dict[str, Any]:
    """Build the input for *request* with a fresh state."""
    return policy_input.build(request, now=NOW, state=RevocationState.fresh().lookup(request))


def shown(kind: type) -> set[str]:
    """Name the members of a part of the request that a policy may see, by the names of the exchange document."""
    return {field.name for field in dataclasses.fields(kind)} - NEVER_SHOWN


def test_the_fixture_fills_every_member() -> None:
    """What is tested below is tested for every member that there is."""
    for part in (FULL, FULL.client, FULL.subject_token, FULL.actor_workload, *FULL.approvals, *FULL.consents):
        empty = [f.name for f in dataclasses.fields(part) if getattr(part, f.name) in ("", (), None, False)]
        assert empty in ([], ["kind"]), type(part)


def test_the_input_is_the_document_the_time_the_state_and_the_facts() -> None:
    """No other key enters, at the top or in any part of the request."""
    seen = build(FULL)

    assert seen.keys() == shown(ExchangeRequest) | {"now", "state", "facts"}
    assert seen["state"].keys() == {"freshness", "revocations", "version"}
    assert seen["client"].keys() == shown(Client)
    assert seen["subject_token"].keys() == seen["actor_token"].keys() == shown(Token)
    assert seen["actor_workload"].keys() == shown(ActorWorkload)
    assert seen["approvals"][0].keys() == shown(Approval)
    assert seen["consents"][0].keys() == shown(Consent)
    assert seen["code"].keys() == shown(AuthorizationCode)
    assert seen["context"].keys() == shown(Context)


def test_no_raw_token_or_evidence_enters() -> None:
    """A policy decides over what was verified; it could print whatever it sees."""
    assert SECRET not in json.dumps(build(FULL))


def test_values_enter_as_they_were_sent() -> None:
    """Nothing is folded, trimmed or completed on the way."""
    seen = build(FULL)

    assert seen["subject_token"]["claims"] == CLAIMS
    assert seen["authorization_details"] == [{"type": "payment", "amount": "1.00"}]
    assert (seen["resource"], seen["audience"], seen["scope"]) == (["https://mail.example.com/"], ["mail"], "mail.read")
    assert (seen["now"], seen["requested_lifetime"]) == (NOW, 60)


@pytest.mark.parametrize("value", [None, True, 0, -1, 1.5, "600", [600], {}], ids=repr)
def test_a_lifetime_that_is_none_does_not_enter(value: Any) -> None:
    """A limit computed with it would be nonsense; its fact says that it is malformed, or it is absent."""
    seen = build(dataclasses.replace(FULL, requested_lifetime=value))

    assert "requested_lifetime" not in seen
    assert seen["facts"]["lifetime_well_formed"] is (value is None)


@pytest.mark.parametrize("value", [None, [], "text", 1])
def test_claims_that_are_no_object_do_not_enter(value: Any) -> None:
    """A policy must not read half of what is malformed."""
    assert FULL.subject_token is not None
    token = dataclasses.replace(FULL.subject_token, claims=JsonText("", value, well_formed=False))
    seen = build(dataclasses.replace(FULL, subject_token=token))

    assert "claims" not in seen["subject_token"]
    assert seen["facts"]["subject_token"]["claims_well_formed"] is False
    assert "party" not in seen["facts"]["subject_token"]


def test_ambiguous_claims_and_details_do_not_enter() -> None:
    """Two readers of a repeated member would see two tokens."""
    assert FULL.subject_token is not None
    token = dataclasses.replace(FULL.subject_token, claims=JsonText("", CLAIMS, well_formed=False))
    details = JsonText("", [{"type": "payment"}], well_formed=False)
    approval = dataclasses.replace(FULL.approvals[0], authorization_details=details)
    seen = build(dataclasses.replace(FULL, subject_token=token, authorization_details=details, approvals=(approval,)))

    assert "claims" not in seen["subject_token"]
    assert "authorization_details" not in seen
    assert "authorization_details" not in seen["approvals"][0]
    assert seen["facts"]["authorization_details"] == {"given": True, "well_formed": False, "decimals": []}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield name
            # Under these stand names of the request: members of an authorization detail, and token types.
            if name not in {"decimals", "token_types"}:
                yield from _names(child)
    elif isinstance(value, list):
        for child in value:
            yield from _names(child)


def _requests() -> Iterator[ExchangeRequest]:
    yield FULL
    for line in VECTORS.read_text(encoding="utf-8").splitlines():
        yield from_document(json.loads(line)["request"])


def test_every_fact_is_listed_in_the_files_of_facts() -> None:
    """Whoever reads facts.py and svid_facts.py has seen every fact that a policy can use."""
    trees = [ast.parse(Path(module.__file__).read_text(encoding="utf-8")) for module in (facts, svid_facts)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    listed = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    used = {name for request in _requests() for name in _names(build(request)["facts"])}

    assert used <= listed
    assert len(used) > 40


def test_facts_compare_nothing() -> None:
    """A fact of one value stays what it is when every other value of the request changes."""
    before = facts.of(FULL)
    other = dataclasses.replace(
        FULL, grant_type="authorization_code", client=Client("x"), scope="y", resource=("urn:z",), consents=()
    )
    after = facts.of(other)

    for name in ("subject_token", "actor_token", "actor_workload", "authorization_details", "approvals"):
        assert after[name] == before[name]


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "x", [], [[]], [{}], {}, {"sub": {}}, {"sub": []}], ids=repr
)
@pytest.mark.parametrize("name", [*CLAIMS, "typ", "azp", "preferred_username", "active", "decision_id", "txn"])
def test_facts_are_told_of_whatever_a_claim_holds(name: str, value: Any) -> None:
    """A claim of any type gives facts, never an exception: that would be an internal error instead of a deny."""
    for kind in ("", "jwt_svid", "wit", "x509_svid", "tarot"):
        for token_type in ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token", "x"):
            token = dataclasses.replace(given(CLAIMS | {name: value}, kind), token_type=token_type)
            json.dumps(facts.of(dataclasses.replace(FULL, subject_token=token, actor_token=token)), allow_nan=False)


@pytest.mark.parametrize("value", [None, True, 1, "", "x", [], {}, {"a": []}], ids=repr)
@pytest.mark.parametrize("name", ["typ", "alg", "kid", "crit", "x"])
def test_facts_are_told_of_whatever_a_header_holds(name: str, value: Any) -> None:
    """The same for every member of the JOSE header."""
    for kind in ("", "jwt_svid", "wit", "x509_svid"):
        for claims in (CLAIMS, {"sub": "spiffe://example.org/agent/mail", "cnf": {"jkt": "K1"}}):
            token = given(claims, kind)
            token = dataclasses.replace(token, header={**(token.header or {}), name: value})
            facts.of(dataclasses.replace(FULL, subject_token=token, actor_token=token))
