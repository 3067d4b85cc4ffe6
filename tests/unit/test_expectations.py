"""What a fixture case expects, compared with a decision."""

from __future__ import annotations

from typing import Any

import pytest

from actas.decision import Decision, Denial, Effect, Limits, Obligation, PolicyRef, WithheldScope
from actas.policy.expectation import differences

GROUPS = {"MISSING_PARAMETER": 1, "TOKEN_NOT_VERIFIED": 2, "SUBJECT_TOKEN_EXPIRED": 2, "ACR_INSUFFICIENT": 8}
ALLOWED = Decision(
    decision_id="d",
    request_id="",
    effect=Effect.ALLOW,
    policy=PolicyRef("r", "b", "s"),
    evaluated_at=1.0,
    valid_until=2.0,
    narrowed=True,
    notes=("SCOPE_NARROWED", "LIFETIME_CAPPED"),
    withheld_scope=(WithheldScope("c", "AGENT_CEILING"),),
    limits=Limits(("b", "a"), ("https://x/",), 600, 601, "urn:at", "DPoP", (), {"jkt": "K"}),
    act={"iss": "i", "sub": "s"},
)
DENIED = Decision(
    decision_id="d",
    request_id="",
    effect=Effect.DENY,
    policy=PolicyRef("r", "b", "s"),
    evaluated_at=1.0,
    valid_until=2.0,
    error="invalid_request",
    denials=(Denial("TOKEN_NOT_VERIFIED", "r", "x"), Denial("SUBJECT_TOKEN_EXPIRED", "r", "x")),
    obligations=(Obligation("step-up", "o", {"acr_values": ("mfa",), "max_age": 300}),),
)


@pytest.mark.parametrize(
    ("decision", "expect"),
    [
        (ALLOWED, {"effect": "ALLOW"}),
        (ALLOWED, {"codes": []}),
        (ALLOWED, {"narrowed": True, "notes": ["LIFETIME_CAPPED", "SCOPE_NARROWED"]}),
        (ALLOWED, {"limits": {"scope": ["a", "b"], "max_lifetime_seconds": 600}}),
        (ALLOWED, {"limits": {"audience": ["https://x/"], "authorization_details": [], "not_after": 601}}),
        (ALLOWED, {"act": {"sub": "s", "iss": "i"}, "token_type": "DPoP", "cnf": {"jkt": "K"}}),
        (
            ALLOWED,
            {"withheld_scope": [{"scope": "c", "code": "AGENT_CEILING"}], "obligation_type": None, "error": None},
        ),
        (DENIED, {"effect": "DENY", "codes": ["SUBJECT_TOKEN_EXPIRED"], "error": "invalid_request"}),
        (DENIED, {"codes": ["SUBJECT_TOKEN_EXPIRED", "TOKEN_NOT_VERIFIED"]}),
        (DENIED, {"obligation_type": "step-up", "obligation": {"type": "step-up", "max_age": 300}}),
        (DENIED, {"obligation": {"type": "step-up", "acr_values": ["mfa"], "max_age": 300}, "act": None}),
    ],
)
def test_a_decision_that_meets_what_is_stated_has_no_differences(decision: Decision, expect: dict[str, Any]) -> None:
    """What is not stated is not checked."""
    assert differences(expect, decision, GROUPS) == ()


@pytest.mark.parametrize(
    ("decision", "expect", "keys"),
    [
        (ALLOWED, {"effect": "DENY", "codes": ["ACR_INSUFFICIENT"]}, ["effect", "codes"]),
        (ALLOWED, {"narrowed": False, "notes": []}, ["narrowed", "notes"]),
        (
            ALLOWED,
            {"limits": {"scope": ["a"], "max_lifetime_seconds": 599}},
            ["limits.scope", "limits.max_lifetime_seconds"],
        ),
        (ALLOWED, {"limits": {"audience": []}}, ["limits.audience"]),
        (ALLOWED, {"act": None, "cnf": None, "token_type": "Bearer"}, ["act", "cnf", "token_type"]),
        (ALLOWED, {"act": {"iss": "i", "sub": "s", "act": {}}}, ["act"]),
        (ALLOWED, {"withheld_scope": []}, ["withheld_scope"]),
        (DENIED, {"codes": ["ACR_INSUFFICIENT"]}, ["codes"]),
        (DENIED, {"codes": []}, ["codes"]),
        (DENIED, {"limits": {"scope": []}}, ["limits.scope"]),
        (DENIED, {"obligation_type": None}, ["obligation_type"]),
        (DENIED, {"obligation_type": "approval"}, ["obligation_type"]),
        (DENIED, {"obligation": {"type": "step-up", "max_age": 299}}, ["obligation"]),
        (DENIED, {"obligation": {"type": "step-up", "scope": "a"}}, ["obligation"]),
        (DENIED, {"error": "invalid_target"}, ["error"]),
    ],
)
def test_everything_that_a_decision_misses_is_listed(
    decision: Decision, expect: dict[str, Any], keys: list[str]
) -> None:
    """Each stated expectation is compared on its own."""
    assert [difference.key for difference in differences(expect, decision, GROUPS)] == keys


def test_a_denial_of_an_earlier_group_fails_although_the_code_is_there() -> None:
    """Codes of a later group are reached only when every earlier group passes."""
    both = Decision(
        decision_id="d",
        request_id="",
        effect=Effect.DENY,
        policy=PolicyRef("r", "b", "s"),
        evaluated_at=1.0,
        valid_until=2.0,
        denials=(Denial("MISSING_PARAMETER", "r", "x"), Denial("TOKEN_NOT_VERIFIED", "r", "x")),
    )

    found = differences({"codes": ["TOKEN_NOT_VERIFIED"]}, both, GROUPS)

    assert [(d.expected, d.actual) for d in found] == [
        (["TOKEN_NOT_VERIFIED"], ["MISSING_PARAMETER", "TOKEN_NOT_VERIFIED"])
    ]


def test_true_is_not_one() -> None:
    """JSON knows booleans, and a limit that became one is wrong."""
    assert differences({"limits": {"max_lifetime_seconds": True}}, ALLOWED, GROUPS)
