"""A decision's document has the names of the contract and nothing that the decision does not have."""

from __future__ import annotations

from dataclasses import replace

from actas.decision import Decision, Denial, Effect, IssueClaims, Limits, Obligation, PolicyRef, WithheldScope
from actas.decision_document import decision_to_document

ALLOW = Decision(
    decision_id="d-1",
    request_id="r-1",
    effect=Effect.ALLOW,
    policy=PolicyRef("rev", "sha256:x", "7"),
    evaluated_at=1_800_000_000.0019,
    valid_until=1_800_000_005.0019,
    narrowed=True,
    notes=("SCOPE_NARROWED",),
    withheld_scope=(WithheldScope("mail.send", "SUBJECT_CEILING"),),
    limits=Limits(
        scope=("mail.read",),
        audience=("https://mail.example.com/",),
        max_lifetime_seconds=600,
        not_after=1_800_000_600,
        issued_token_type="urn:ietf:params:oauth:token-type:access_token",
        token_type="DPoP",
        authorization_details=({"type": "mailbox"},),
        cnf={"jkt": "k"},
    ),
    issue_claims=IssueClaims("d-1", "root"),
    act={"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent"},
    disabled_rules=("LIFETIME_INVALID",),
)
DENY = Decision(
    decision_id="d-2",
    request_id="",
    effect=Effect.DENY,
    policy=PolicyRef("rev", "sha256:x", "7"),
    evaluated_at=1_800_000_000,
    valid_until=1_800_000_005,
    error="insufficient_user_authentication",
    error_description="A stronger authentication is needed.",
    denials=(Denial("ACR_INSUFFICIENT", "step_up", "scope needs more"),),
    obligations=(Obligation("step-up", "o-1", {"acr_values": ["mfa"], "max_age": 300}),),
)


def test_an_allow_shows_everything_that_may_be_issued() -> None:
    """Lifetimes are seconds, times are RFC 3339 in UTC rounded down to milliseconds."""
    assert decision_to_document(ALLOW) == {
        "decision_id": "d-1",
        "request_id": "r-1",
        "effect": "ALLOW",
        "narrowed": True,
        "notes": ["SCOPE_NARROWED"],
        "withheld_scope": [{"scope": "mail.send", "code": "SUBJECT_CEILING"}],
        "denials": [],
        "obligations": [],
        "limits": {
            "scope": ["mail.read"],
            "audience": ["https://mail.example.com/"],
            "max_lifetime_seconds": 600,
            "not_after": 1_800_000_600,
            "authorization_details": [{"type": "mailbox"}],
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "DPoP",
            "cnf": {"jkt": "k"},
        },
        "issue_claims": {"decision_id": "d-1", "txn": "root"},
        "act": {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent"},
        "policy": {"revision": "rev", "bundle_digest": "sha256:x", "state_version": "7"},
        "evaluated_at": "2027-01-15T08:00:00.001Z",
        "valid_until": "2027-01-15T08:00:05.001Z",
        "disabled_rules": ["LIFETIME_INVALID"],
    }


def test_a_deny_has_no_member_of_an_allow() -> None:
    """Limits, issue_claims and act are left out; denials and obligations say why and what next."""
    document = decision_to_document(DENY)

    assert document["denials"] == [{"code": "ACR_INSUFFICIENT", "rule": "step_up", "reason": "scope needs more"}]
    assert document["obligations"] == [
        {"type": "step-up", "id": "o-1", "properties": {"acr_values": ["mfa"], "max_age": 300}}
    ]
    assert document["error"] == "insufficient_user_authentication"
    assert document["narrowed"] is False
    assert document["notes"] == []
    assert not {"limits", "issue_claims", "act", "request_id", "withheld_scope", "disabled_rules"} & document.keys()


def test_an_impersonation_says_that_there_is_no_actor() -> None:
    """On ALLOW `act` is always there; null means that no actor is named."""
    document = decision_to_document(replace(ALLOW, act=None))

    assert "act" in document
    assert document["act"] is None
