"""The record of a decision: the fields of contract.md, section 7, and never a token."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import pytest
import structlog

from actas.decision import Decision, Denial, Effect, IssueClaims, Limits, PolicyRef
from actas.errors import ReceiptError
from actas.receipts import record
from actas.request import (
    ACCESS_TOKEN,
    TOKEN_EXCHANGE,
    ActorWorkload,
    Approval,
    Client,
    Context,
    ExchangeRequest,
    JsonText,
    Token,
)

SECRET = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"


def claims(**members: Any) -> JsonText:
    """Write claims as a caller sends them."""
    return JsonText(json.dumps(members), members)


REQUEST = ExchangeRequest(
    authorization_server="https://as.example",
    grant_type=TOKEN_EXCHANGE,
    request_id="r-1",
    client=Client(client_id="gateway", authenticated=True, tenant="acme"),
    subject_token=Token(
        token_type=ACCESS_TOKEN,
        credential_class="oauth",
        verified=True,
        claims=claims(
            iss="https://idp.example",
            sub="alice",
            jti="t-1",
            txn="root-1",
            decision_id="parent-1",
            act={"sub": "first", "act": {"sub": "second"}},
            email="alice@example.org",
        ),
        unverified_token=SECRET,
    ),
    actor_token=Token(verified=False, claims=claims(iss="https://idp.example", sub="agent"), unverified_token=SECRET),
    actor_workload=ActorWorkload(spiffe_id="spiffe://example.org/agent", jwt_svid=SECRET, x509_svid=(b"der",)),
    resource=("https://api.example/",),
    scope="read write",
    requested_lifetime=600,
    approvals=(Approval(id="a-1", verified=True, jws=SECRET),),
    context=Context(purpose="triage", task_id="task-1", ip="192.0.2.1", request_path=("gateway", "tool")),
)
POLICY = PolicyRef(revision="rev", bundle_digest="sha256:b", state_version="s-1")
ALLOW = Decision(
    decision_id="d-1",
    request_id="r-1",
    effect=Effect.ALLOW,
    policy=POLICY,
    evaluated_at=1000.5,
    valid_until=1005.5,
    narrowed=True,
    notes=("SCOPE_NARROWED",),
    limits=Limits(("read",), ("https://api.example/",), 300, 1300, ACCESS_TOKEN, "Bearer"),
    issue_claims=IssueClaims("d-1", "root-1"),
    act={"iss": "https://idp.example", "sub": "agent", "act": {"sub": "first", "act": {"sub": "second"}}},
)
DENY = Decision(
    decision_id="d-2",
    request_id="r-1",
    effect=Effect.DENY,
    policy=POLICY,
    evaluated_at=1000.5,
    valid_until=1000.5,
    error="access_denied",
    denials=(Denial("MAY_ACT_MISMATCH", "may_act", "x"), Denial("AGENT_REVOKED", "may_act", "y")),
)


def document(request: ExchangeRequest, decision: Decision, **context: Any) -> dict[str, Any]:
    """Build the record's members."""
    return dict(record.build(request, decision, **context).document)


def test_an_allow_is_recorded_with_what_was_asked_and_what_was_issued() -> None:
    """Requested and issued stand side by side, with the policy that decided."""
    found = document(REQUEST, ALLOW, caller="sts", actor_agent="helper", actor_version="2")

    assert found["effect"] == "ALLOW"
    assert found["root_decision_id"] == "root-1"
    assert found["parent_decision_id"] == "parent-1"
    assert found["subject"] == {"iss": "https://idp.example", "sub": "alice"}
    assert found["actor"] == {
        "iss": "https://idp.example",
        "sub": "agent",
        "spiffe_id": "spiffe://example.org/agent",
        "agent": "helper",
        "version": "2",
    }
    assert [level["sub"] for level in found["chain"]] == ["agent", "first", "second"]
    assert found["source_token"] == {"token_type": ACCESS_TOKEN, "credential_class": "oauth", "jti": "t-1"}
    assert (found["requested_scope"], found["issued"]["scope"]) == ("read write", ["read"])
    assert (found["requested_lifetime_seconds"], found["issued"]["max_lifetime_seconds"]) == (600, 300)
    assert (found["policy_revision"], found["bundle_digest"], found["state_version"]) == ("rev", "sha256:b", "s-1")
    assert (found["approval_ids"], found["request_path"]) == (["a-1"], ["gateway", "tool"])
    assert (found["caller"], found["task_id"]) == ("sts", "task-1")


def test_a_deny_is_recorded_with_every_code_and_rule() -> None:
    """Codes keep their order, primary first; a rule is named once."""
    found = document(REQUEST, DENY)

    assert found["codes"] == ["MAY_ACT_MISMATCH", "AGENT_REVOKED"]
    assert found["rules"] == ["may_act"]
    assert "issued" not in found
    assert [level["sub"] for level in found["chain"]] == ["first", "second"]


def test_no_token_reaches_the_record() -> None:
    """Neither raw tokens nor evidence nor claims that nobody asked for."""
    text = json.dumps(document(REQUEST, ALLOW))

    assert SECRET not in text
    assert "alice@example.org" not in text


def test_a_token_without_jti_is_named_by_a_digest() -> None:
    """The record can be matched to the token without holding it."""
    opaque = dataclasses.replace(REQUEST, subject_token=Token(token_type=ACCESS_TOKEN, unverified_token=SECRET))

    source = document(opaque, DENY)["source_token"]

    assert source["digest"].startswith("sha256:")
    assert "jti" not in source


def test_evidence_says_what_the_caller_vouched_for_and_what_was_verified_here() -> None:
    """A fact that nobody vouches for is not listed."""
    assert document(REQUEST, ALLOW)["evidence"] == {
        "subject_token": "asserted",
        "client": "asserted",
        "approvals": "verified",
        "actor_workload": "asserted",
    }


@pytest.mark.parametrize(
    ("approvals", "evidence"),
    [
        ((Approval(id="a-1", verified=True),), "asserted"),
        ((Approval(id="a-1", verified=True), Approval(id="a-2", verified=True, jws=SECRET)), "asserted"),
        ((Approval(id="a-2", verified=True, jws=SECRET), Approval(jws=SECRET)), "verified"),
        ((Approval(jws=SECRET), Approval(id="a-1")), None),
    ],
)
def test_approvals_are_as_good_as_the_weakest_that_counts(approvals: tuple[Approval, ...], evidence: str) -> None:
    """One that nobody verified counts for nothing, and is not listed."""
    request = dataclasses.replace(REQUEST, approvals=approvals)
    assert document(request, ALLOW)["evidence"].get("approvals") == evidence


def test_the_digest_is_that_of_what_was_sent() -> None:
    """A replay has what the caller sent, and not what was verified of it."""
    sent = dataclasses.replace(REQUEST, approvals=(Approval(jws=SECRET),))
    kept = record.build(REQUEST, ALLOW, sent=sent).document
    assert kept["request_digest"] == record.request_digest(sent) != record.request_digest(REQUEST)
    assert kept["approval_ids"] == ["a-1"]


def test_a_first_hop_is_the_root_of_its_chain() -> None:
    """Without a `txn`, the decision starts a new chain."""
    first = dataclasses.replace(REQUEST, subject_token=Token(claims=claims(sub="alice")))

    found = document(first, DENY)

    assert found["root_decision_id"] == "d-2"
    assert "parent_decision_id" not in found


def test_odd_claims_and_lifetimes_do_not_break_the_record() -> None:
    """Whatever the request holds, its decision can be recorded."""
    odd = dataclasses.replace(
        REQUEST,
        subject_token=Token(verified=True, claims=JsonText('["\\ud800"]', ["\ud800"], well_formed=False)),
        actor_token=Token(claims=claims(iss=5, sub=None, act="none")),
        requested_lifetime=float("nan"),
    )

    found = document(odd, DENY)

    assert "subject" not in found
    assert "requested_lifetime_seconds" not in found
    assert found["source_token"]["digest"].startswith("sha256:")


def test_the_request_digest_changes_with_every_member() -> None:
    """Two requests have the same digest only when they are the same."""
    digest = record.request_digest(REQUEST)

    assert digest == record.request_digest(dataclasses.replace(REQUEST))
    assert digest != record.request_digest(dataclasses.replace(REQUEST, scope="read"))
    assert digest != record.request_digest(dataclasses.replace(REQUEST, context=Context()))


async def test_a_log_that_cannot_be_written_keeps_the_decision_back() -> None:
    """What is not recorded does not leave the service."""

    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(28, "No space left on device")

    logger = structlog.wrap_logger(structlog.WriteLogger(Full()), processors=[structlog.processors.JSONRenderer()])

    with pytest.raises(ReceiptError, match="No space left"):
        await record.LogRecorder(logger).record(record.build(REQUEST, DENY))


async def test_the_decision_log_writes_one_structured_line_per_decision() -> None:
    """Each decision is one JSON object on one line."""
    out = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(20),
    )

    await record.LogRecorder(logger).record(record.build(REQUEST, DENY))

    lines = out.getvalue().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["event"] == "decision"
    assert json.loads(lines[0])["decision_id"] == "d-2"
