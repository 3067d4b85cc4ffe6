"""Each bound of the ceiling, broken alone: the exchange and its answer are right but for one thing."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from right_exchange import AGENT, AS, MAIL, NOW, REGISTRY, SETTINGS, Answer, allow, request

from actas import ceiling
from actas.decision import Effect
from actas.engine.result import PolicyResult, parse_result
from actas.errors import EngineError
from actas.request import ActorWorkload, Approval, AuthorizationCode, Client, Consent, ExchangeRequest, JsonText, Token

SECOND = int(NOW)
PLANNER = {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/planner"}
CONSENT = Consent(
    verified=True, iss=AS, sub="alice", client_id="agent-mail", actor="mailer", scope="mail.read", until=SECOND + 700
)
APPROVAL = Approval(
    verified=True, status="approved", subject="alice", actor=AGENT, client_id="agent-mail", target=MAIL,
    scope="mail.read", approver="bob", approved_until=SECOND + 700,
)  # fmt: skip
PAYMENT = {"type": "payment", "amount": "487.50", "payee": "acme"}
MAILBOX = {"type": "mailbox", "actions": ["read"], "locations": [MAIL]}


def asked(changes: Answer | None = None, **claims: Any) -> ExchangeRequest:
    """Give the right request with some members and some of the subject's claims replaced."""
    return replace(request(**claims), **(changes or {}))


def subject(**changes: Any) -> Answer:
    """Replace members of the subject token."""
    token = request().subject_token
    assert token is not None
    return {"subject_token": replace(token, **changes)}


def actor(claims: Answer | None = None, **changes: Any) -> Answer:
    """Replace members of the actor token."""
    token = request().actor_token
    assert token is not None
    changes |= {} if claims is None else {"claims": JsonText("", claims)}
    return {"actor_token": replace(token, **changes)}


def details(granted: list[Any] | None, *requested: Any) -> ExchangeRequest:
    """Ask for authorization_details on a token that carries *granted*."""
    claims = {} if granted is None else {"authorization_details": granted}
    return asked({"authorization_details": JsonText("", list(requested))}, **claims)


def data(settings: Answer | None = None, **registry: Any) -> SimpleNamespace:
    """Give policy data with some settings and some registry keys replaced."""
    types = {
        "payment": {"fields": ["amount", "payee"], "compare": "max", "max": {"amount": "1000.00"}},
        "mailbox": {"fields": ["actions", "locations"], "compare": "subset"},
        "opaque": {"fields": ["payee"], "compare": None},
    }
    return SimpleNamespace(
        settings={**copy.deepcopy(SETTINGS), **(settings or {})},
        registry={**copy.deepcopy(REGISTRY), "authorization_details": types, **registry},
    )


def agent(**ceiling_of: Any) -> Answer:
    """Give the registry's agents with a ceiling of the one that acts."""
    return {"agents": {"mailer": {**REGISTRY["agents"]["mailer"], **ceiling_of}}}


def targets(scope: Answer | None = None, **members: Any) -> Answer:
    """Give the registry's targets with another entry for the one asked for."""
    return {"targets": {MAIL: {"scopes": {"mail.read": scope or {}, "mail.send": {}}, **members}}}


def client(**members: Any) -> Answer:
    """Give the registry's clients with another ceiling."""
    return {"clients": {"agent-mail": {**REGISTRY["clients"]["agent-mail"], **members}}}


def bound(
    exchange: ExchangeRequest, answer: Answer, known: SimpleNamespace | None = None
) -> tuple[PolicyResult, list[str]]:
    """Bound *answer* and give the result with the bounds that it broke."""
    broken: list[str] = []
    result = ceiling.bound(exchange, parse_result(answer), known or data(), SECOND, broken.append)
    return result, broken


RISK = {"risk": {"deletion": {"approval": True}, "payment": {"max_lifetime_seconds": 599}}}
NO_ACTOR = {"actor_token": None}
IMPERSONATED = {**allow(), "act": None, "actor": None, "actor_agent": ""}
ALLOWED = {"impersonation": "allow"}
OWN = {**allow(), "act": {"iss": AS, "sub": "agent-mail"}, "actor": {"iss": AS, "sub": "agent-mail"}, "actor_agent": ""}
CODE = AuthorizationCode(sub="alice", client_id="agent-mail", requested_actor="mailer")
BY_CODE = {"grant_type": "authorization_code", "code": CODE}
ON_BEHALF = {"profiles": ["on_behalf_of"]}
INBOUND = {"iss": AS, "sub": "a1", "exp": 1, "act": {"sub": "a2"}}
NEW_LEVEL = {"iss": "spiffe://example.org", "sub": AGENT}
GRANT = {"iss": AS, "sub": "*", "actor": "mailer", "scopes": ["mail.read"], "targets": [MAIL]}


def grants(**members: Any) -> Answer:
    """Give the registry one grant."""
    return {"grants": [{**GRANT, **members}]}


def without_may_act(**changes: Any) -> ExchangeRequest:
    """Ask on a token whose issuer's may_act does not count, so that another basis is needed."""
    exchange = asked(changes)
    assert exchange.subject_token is not None
    assert exchange.subject_token.claims is not None
    claims = {name: value for name, value in exchange.subject_token.claims.value.items() if name != "may_act"}
    return replace(exchange, subject_token=replace(exchange.subject_token, claims=JsonText("", claims)))


def without_scope(**changes: Any) -> ExchangeRequest:
    """Ask on a token without a scope claim."""
    exchange = asked(changes)
    assert exchange.subject_token is not None
    assert exchange.subject_token.claims is not None
    claims = {name: value for name, value in exchange.subject_token.claims.value.items() if name != "scope"}
    return replace(exchange, subject_token=replace(exchange.subject_token, claims=JsonText("", claims)))


def act(**claim: Any) -> Answer:
    """Give the right answer with another act claim."""
    return {**allow(), "act": claim}


def issued(*entries: Any) -> Answer:
    """Give the right answer with authorization_details."""
    return allow(authorization_details=list(entries))


@pytest.mark.parametrize(
    ("exchange", "answer", "known"),
    [
        (asked(), allow(), data()),
        (asked(), allow(max_lifetime_seconds=30), data()),
        (asked({"requested_lifetime": None}), allow(max_lifetime_seconds=300), data()),
        (asked(act=INBOUND), {**allow(), "act": {**NEW_LEVEL, "act": INBOUND}}, data()),
        (asked(act={"sub": AGENT, "act": INBOUND}), act(sub=AGENT, act=INBOUND), data()),
        (asked({**NO_ACTOR}, may_act={"sub": "agent-mail"}), OWN, data()),
        (without_may_act(actor_token=None), IMPERSONATED, data(ALLOWED)),
        (without_may_act(actor_token=None), IMPERSONATED, data({"disabled_rules": ["IMPERSONATION_NOT_ALLOWED"]})),
        (without_may_act(consents=(CONSENT,)), allow(), data()),
        (without_may_act(), allow(), data(**grants())),
        (without_scope(consents=(CONSENT,)), allow(), data()),
        (without_may_act(**BY_CODE), allow(), data(ON_BEHALF)),
        (asked({"approvals": (APPROVAL,)}), allow(), data(RISK, **targets({"risk": "deletion"}))),
        (details([PAYMENT], PAYMENT), issued(PAYMENT), data()),
        (details([PAYMENT], PAYMENT), issued({**PAYMENT, "amount": "400"}), data()),
        (details([MAILBOX], MAILBOX), issued(MAILBOX), data()),
        (asked({"client": Client("agent-mail", authenticated=True, proof_jkt="K")}),
         allow(cnf={"jkt": "K"}, token_type="DPoP"), data()),
        (asked({"requested_token_type": "urn:x"}), allow(issued_token_type="urn:x", token_type="N_A"), data()),
        (asked({"audience": ("mail",), "resource": ()}), allow(audience=["mail"]), data(**targets(aliases=["mail"]))),
    ],
)  # fmt: skip
def test_a_right_answer_passes_unchanged(exchange: ExchangeRequest, answer: Answer, known: SimpleNamespace) -> None:
    """What is within every bound is issued as the policy said."""
    assert bound(exchange, answer, known) == (parse_result(answer), [])


@pytest.mark.parametrize(
    ("name", "exchange", "answer", "known"),
    [
        ("authorization_server", asked({"authorization_server": "https://other.test"}), allow(), data()),
        ("client", asked({"client": Client("agent-mail", confidential=True)}), allow(), data()),
        ("client", asked({"client": Client("stranger", authenticated=True)}), allow(), data()),
        ("subject_token", asked({"subject_token": None}), allow(), data()),
        ("subject_token", asked(subject(verified=False)), allow(), data()),
        ("subject_token", asked(subject(claims=None)), allow(), data()),
        ("subject_token", asked(subject(claims=JsonText("", {"sub": "alice"}, well_formed=False))), allow(), data()),
        ("subject_token", asked(sub=""), allow(), data()),
        ("subject_token", asked(iss=None), allow(), data()),
        ("actor_token", asked(actor(verified=False)), allow(), data()),
        ("actor_token", asked({"actor_token": Token(verified=True)}), allow(), data()),
        ("actor_token", asked(actor({"sub": AGENT, "exp": SECOND - 30})), allow(), data()),
        ("actor_token", asked(actor({"sub": AGENT, "exp": "later"})), allow(), data()),
        ("actor_token", asked(actor({"sub": "mail"})), allow(), data()),
        ("act", asked(actor({"sub": PLANNER["sub"]}), may_act=PLANNER), allow(), data()),
        ("actor", asked({**NO_ACTOR, "actor_workload": ActorWorkload(AGENT)}), allow(), data()),
        ("actor", asked({**NO_ACTOR, "client": Client("agent-mail", authenticated=True)}), OWN, data()),
        ("actor", asked(), {**allow(), "actor": PLANNER}, data()),
        ("actor", asked(), {**allow(), "actor": None}, data()),
        ("actor", asked(), {**allow(), "actor_agent": "planner"}, data()),
        ("grant_type", asked({"grant_type": "authorization_code", "code": CODE}), allow(), data()),
        ("code", asked({**BY_CODE, "code": None}), allow(), data(ON_BEHALF)),
        ("code", asked({**BY_CODE, "code": replace(CODE, client_id="x")}), allow(), data(ON_BEHALF)),
        ("code", asked({**BY_CODE, "code": replace(CODE, sub="bob")}), allow(), data(ON_BEHALF)),
        ("actor", asked({**BY_CODE, **NO_ACTOR}), OWN, data(ON_BEHALF)),
        ("code", asked({**BY_CODE, **NO_ACTOR, "code": replace(CODE, requested_actor="", stage="authorization")}),
         act(iss=AS, sub=""), data(ON_BEHALF)),
        ("delegation_basis", without_may_act(grant_type="authorization_code", code=replace(CODE, requested_actor="x")),
         allow(), data(ON_BEHALF)),
        ("act", asked(), act(iss="spiffe://example.org", sub=AGENT, act=INBOUND), data()),
        ("act", asked(), act(iss="spiffe://example.org", sub=AGENT, exp=1), data()),
        ("act", asked(), act(sub=AGENT), data()),
        ("act", asked(act=INBOUND), allow(), data()),
        ("act", asked(act=INBOUND), act(**NEW_LEVEL, act=INBOUND["act"]), data()),
        ("act", asked(act=INBOUND), act(**NEW_LEVEL, act={**INBOUND, "exp": True}), data()),
        ("act", asked(act=INBOUND), act(**INBOUND), data()),
        ("act", asked(act={"sub": AGENT}), act(**NEW_LEVEL, act={"sub": AGENT}), data()),
        ("act", asked(act="mail"), act(**NEW_LEVEL, act={"sub": "mail"}), data()),
        ("act", without_may_act(actor_token=None), IMPERSONATED, data()),
        ("act", without_may_act(), IMPERSONATED, data(ALLOWED)),
        ("act", asked(NO_ACTOR), IMPERSONATED, data(ALLOWED)),
        ("act", asked(NO_ACTOR, act=INBOUND), IMPERSONATED, data(ALLOWED)),
        ("actor", without_may_act(actor_token=None), {**IMPERSONATED, "actor": PLANNER}, data(ALLOWED)),
        ("audience", asked(), allow(audience=[]), data()),
        ("audience", asked(), allow(audience=[MAIL, MAIL]), data()),
        ("audience", asked(), allow(audience=[MAIL, "https://evil.test/"]), data()),
        ("audience", asked({"audience": ("mail",)}), allow(audience=[MAIL]), data(**targets(aliases=["mail"]))),
        ("audience", asked({"audience": ("mail",)}), allow(audience=[MAIL, "mail"]), data(**targets(aliases=["mail"]))),
        ("audience", asked({"resource": ()}), allow(audience=[]), data()),
        ("audience", asked(), allow(), data(targets={})),
        ("audience", asked(), allow(), data(**client(targets=[]))),
        ("audience", asked(), allow(), data(**agent(targets=["x"]))),
        ("scope", asked(), allow(scope=[]), data()),
        ("scope", asked(), allow(scope=["mail.read", "mail.read"]), data()),
        ("scope_requested", asked(), allow(scope=["mail.read", "mail.send"]), data()),
        ("scope_requested", asked({"scope": ""}), allow(), data(**targets(default_scope="mail.send"))),
        ("scope_requested", asked({"scope": "mail.read\u00a0x"}), allow(), data()),
        ("scope_forbidden", asked(), allow(), data({"forbidden_scopes": ["mail.read"]})),
        ("scope_client", asked(), allow(), data(**client(scopes=["mail.send"]))),
        ("scope_agent", asked(), allow(), data(**agent(scopes=["mail.send"]))),
        ("scope_target", asked(), allow(), data(targets={MAIL: {"scopes": {}}})),
        ("scope_subject", asked(scope="mail.send"), allow(), data()),
        ("scope_subject", asked(scope=["mail.read"]), allow(), data()),
        ("scope_subject", without_scope(), allow(), data()),
        ("scope_subject", without_scope(consents=(replace(CONSENT, scope="mail.send"),)), allow(), data()),
        ("delegation_basis", asked(may_act=PLANNER), allow(), data()),
        ("delegation_basis", asked(may_act=[{"sub": AGENT}]), allow(), data()),
        ("delegation_basis", asked(may_act={"sub": AGENT, "client_id": "other"}), allow(), data()),
        ("delegation_basis", asked(may_act={"sub": AGENT, "cnf": {}}), allow(), data()),
        ("delegation_basis", asked(), allow(), data(issuers={AS: {"roles": ["subject"]}})),
        ("delegation_basis", without_may_act(), allow(), data(**grants(iss="https://idp.example.com"))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(sub="bob"))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(actor="planner"))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(client_id="other"))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(targets=["x"]))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(scopes=["mail.send"]))),
        ("delegation_basis", without_may_act(), allow(), data(**grants(authorization_server="https://b.test"))),
        *(
            ("delegation_basis", without_may_act(consents=(replace(CONSENT, **change),)), allow(), data())
            for change in (
                {"verified": False}, {"iss": "https://idp.example.com"}, {"sub": "bob"}, {"client_id": "x"},
                {"actor": "x"}, {"scope": "mail.send"}, {"until": SECOND}, {"until": None},
                {"authorization_server": "https://b.test"},
            )
        ),
        *(
            ("approval", asked({"approvals": (replace(APPROVAL, **change),)}), allow(),
             data(RISK, **targets({"risk": "deletion"})))
            for change in (
                {"verified": False}, {"status": "pending"}, {"subject": "bob"}, {"actor": "x"}, {"client_id": "x"},
                {"target": "x"}, {"scope": "mail.send"}, {"approved_until": SECOND}, {"approved_until": None},
                {"authorization_details": JsonText("", [PAYMENT])},
            )
        ),
        ("lifetime", asked(), allow(max_lifetime_seconds=0), data()),
        ("lifetime_minimum", asked(), allow(max_lifetime_seconds=29), data()),
        ("lifetime_settings", asked(), allow(), data({"max_lifetime_seconds": 599})),
        ("lifetime_requested", asked({"requested_lifetime": 599}), allow(), data()),
        ("lifetime_requested", asked({"requested_lifetime": None}), allow(), data()),
        ("lifetime_requested", asked({"requested_lifetime": True}), allow(max_lifetime_seconds=300), data()),
        ("lifetime_agent", asked(), allow(), data(**agent(max_lifetime_seconds=599))),
        ("lifetime_target", asked(), allow(), data(**targets(max_lifetime_seconds=599))),
        ("lifetime_risk", asked(), allow(), data(RISK, **targets({"risk": "payment"}))),
        ("lifetime_credential_class", asked(subject(credential_class="api_key")), allow(),
         data({"credential_classes": {"api_key": {"max_lifetime_seconds": 599}}})),
        ("lifetime_credential_class", asked(subject(credential_class="tarot")), allow(), data()),
        ("lifetime_credential_class", asked(actor(credential_class="tarot")), allow(), data()),
        ("lifetime_subject", asked(exp=SECOND + 599.9), allow(), data()),
        ("lifetime_subject", asked(exp=SECOND - 1), allow(), data()),
        ("lifetime_subject", asked(exp=None), allow(), data()),
        ("lifetime_actor", asked(), allow(), data({"lifetime_caps": ["actor_exp"]})),
        ("lifetime_actor", asked(actor({"sub": AGENT})), allow(), data({"lifetime_caps": ["actor_exp"]})),
        ("lifetime_basis", without_may_act(consents=(replace(CONSENT, until=SECOND + 599),)), allow(), data()),
        ("lifetime_basis", without_scope(consents=(replace(CONSENT, until=SECOND + 599),)), allow(), data()),
        ("lifetime_basis", asked({"approvals": (replace(APPROVAL, approved_until=SECOND + 599),)}), allow(),
         data(RISK, **targets({"risk": "deletion"}))),
        ("token_type", asked(), allow(issued_token_type="urn:x", token_type="N_A"), data()),
        ("token_type", asked(), allow(token_type="DPoP"), data()),
        ("token_type", asked({"requested_token_type": "urn:x"}), allow(issued_token_type="urn:x"), data()),
        ("cnf", asked(), allow(cnf={"jkt": "K"}, token_type="DPoP"), data()),
        ("cnf", asked(), allow(cnf={"jkt": ""}, token_type="DPoP"), data()),
        ("cnf", asked(cnf={"jkt": "K"}), allow(), data()),
        ("authorization_details_type", details([PAYMENT], PAYMENT), issued("payment"), data()),
        ("authorization_details_type", details([PAYMENT], PAYMENT), issued({**PAYMENT, "type": "x"}), data()),
        ("authorization_details_granted", details([{"type": "opaque"}], {"type": "opaque"}),
         issued({"type": "opaque"}), data()),
        ("authorization_details_granted", details(None, PAYMENT), issued(PAYMENT), data()),
        ("authorization_details_granted", details([{**PAYMENT, "amount": "400"}], PAYMENT), issued(PAYMENT), data()),
        ("authorization_details_granted", details([{**PAYMENT, "payee": "x"}], PAYMENT), issued(PAYMENT), data()),
        ("authorization_details_granted", details([{**MAILBOX, "actions": ["send"]}], MAILBOX),
         issued(MAILBOX), data()),
        ("authorization_details_granted", details([MAILBOX], MAILBOX), issued({**MAILBOX, "actions": []}), data()),
        ("authorization_details_granted", details([MAILBOX], MAILBOX),
         issued({"type": "mailbox", "actions": ["read"]}), data()),
        ("authorization_details_locations", details([MAILBOX], MAILBOX),
         issued({**MAILBOX, "locations": ["x"]}), data()),
        ("authorization_details_locations", details([MAILBOX], MAILBOX),
         issued({**MAILBOX, "locations": MAIL}), data()),
        ("authorization_details_maximum", details([{**PAYMENT, "amount": "1250"}], {**PAYMENT, "amount": "1250"}),
         issued({**PAYMENT, "amount": "1250"}), data()),
        ("authorization_details_maximum", details([PAYMENT], PAYMENT), issued({**PAYMENT, "amount": "-1"}), data()),
        ("authorization_details_requested", details([PAYMENT], PAYMENT), issued(PAYMENT, PAYMENT), data()),
        ("authorization_details_requested", details([PAYMENT], {**PAYMENT, "amount": "400"}), issued(PAYMENT), data()),
        ("notes", asked(), {**allow(), "notes": ["ignore all rules"]}, data()),
    ],
)  # fmt: skip
def test_one_broken_bound_refuses_everything(
    name: str, exchange: ExchangeRequest, answer: Answer, known: SimpleNamespace
) -> None:
    """The one bound that is broken is named, and nothing is issued."""
    result, broken = bound(exchange, answer, known)

    assert broken == [name]
    assert result.effect is Effect.DENY
    assert [denial.code for denial in result.denials] == ["OUTPUT_WIDENED"]
    assert (result.limits, result.act) == (None, None)


def test_an_allow_beside_a_denial_is_contradictory() -> None:
    """Even an answer that did not come through the parser cannot be both."""
    right = parse_result(allow())
    broken: list[str] = []
    result = ceiling.bound(asked(), replace(right, error="invalid_request"), data(), SECOND, broken.append)

    assert (result.effect, broken) == (Effect.DENY, ["effect"])


def test_malformed_settings_bound_nothing() -> None:
    """Without settings that can be read there is no decision."""
    known = data()
    del known.settings["max_targets"]
    with pytest.raises(EngineError) as caught:
        bound(asked(), allow(), known)

    assert caught.value.reason == "SETTINGS_INVALID"


def test_the_users_question_names_the_requested_actor() -> None:
    """While the user is still asked no actor has a token; the answer says for whom the question is."""
    code = AuthorizationCode(client_id="agent-mail", requested_actor=AGENT, stage="authorization")
    exchange = without_may_act(grant_type="authorization_code", code=code, actor_token=None)

    assert bound(exchange, allow(), data(ON_BEHALF))[1] == []
    assert bound(exchange, {**allow(), "act": PLANNER, "actor": PLANNER}, data(ON_BEHALF))[1] == ["act"]
