"""The way of one request, around an engine whose answers the test chooses."""

from __future__ import annotations

import asyncio
import dataclasses
from uuid import UUID

import pytest
from decider_parts import Engine, Recorder, Service, State
from right_exchange import AGENT, MAIL, NOW, REGISTRY, Answer, allow, deny, request
from structlog.testing import capture_logs

from actas.decision import Effect
from actas.errors import EngineError, ProtocolError, ReceiptError, Status


def test_an_allow_carries_all_that_the_issuer_needs() -> None:
    """Limits, act, claims to issue and policy are those of contract.md, section 2."""
    decision = Service(allow()).decide()

    assert decision.effect is Effect.ALLOW
    assert decision.request_id == "req-1"
    assert decision.limits is not None
    assert decision.limits.scope == ("mail.read",)
    assert decision.act == {"iss": "spiffe://example.org", "sub": AGENT}
    assert dataclasses.astuple(decision.policy) == ("r1", "sha256:d1", "s1")
    assert (decision.error, decision.denials, decision.narrowed) == ("", (), False)


def test_lifetime_counts_from_the_evaluated_second() -> None:
    """A fraction of a second never extends what is issued, and a decision is used within five seconds."""
    decision = Service(allow()).decide()

    assert decision.evaluated_at == NOW
    assert decision.valid_until == NOW + 5
    assert decision.limits is not None
    assert decision.limits.not_after == 1_800_000_600


def test_notes_make_a_decision_narrowed() -> None:
    """An allow that issues less than asked says so."""
    decision = Service({**allow(), "notes": ["SCOPE_NARROWED"]}).decide()

    assert (decision.narrowed, decision.notes) == (True, ("SCOPE_NARROWED",))


def test_a_root_decision_names_itself() -> None:
    """A token that no decision issued starts a chain; its txn is the decision's own id."""
    decision = Service(allow()).decide()

    assert UUID(decision.decision_id).version == 7
    assert decision.issue_claims is not None
    assert dataclasses.astuple(decision.issue_claims) == (decision.decision_id, decision.decision_id)


def test_a_later_hop_keeps_the_root() -> None:
    """A subject token with decision_id and txn continues its chain under the same txn."""
    decision = Service(allow()).decide(request(decision_id="d-parent", txn="d-root"))

    assert decision.issue_claims is not None
    assert dataclasses.astuple(decision.issue_claims) == (decision.decision_id, "d-root")


@pytest.mark.parametrize(
    "claims", [{"txn": "d-root"}, {"decision_id": 7, "txn": "d-root"}, {"decision_id": "d-1", "txn": ["d-root"]}]
)
def test_a_txn_without_its_decision_starts_anew(claims: Answer) -> None:
    """Half of the pair, or a pair that is no two strings, links to nothing."""
    decision = Service(allow()).decide(request(**claims))

    assert decision.issue_claims is not None
    assert decision.issue_claims.txn == decision.decision_id


@pytest.mark.parametrize("claims", [{"decision_id": "d-other", "txn": "d-root"}, {}])
def test_a_parent_that_the_token_does_not_name_is_refused(claims: Answer) -> None:
    """A made-up link between two decisions is a protocol error that names the field."""
    service = Service(allow())
    with pytest.raises(ProtocolError) as caught:
        service.decide(request("d-parent", **claims))

    assert (caught.value.field, caught.value.status) == ("parent_decision_id", Status.INVALID_ARGUMENT)
    assert service.engine.asked == []


def test_a_parent_that_the_token_names_is_accepted() -> None:
    """Saying twice the same thing is no contradiction."""
    decision = Service(allow()).decide(request("d-parent", decision_id="d-parent", txn="d-root"))

    assert decision.effect is Effect.ALLOW


def test_a_deny_explains_itself_to_the_log_and_not_to_the_client() -> None:
    """Codes are in the denials; the description is the neutral one."""
    decision = Service(deny("MAY_ACT_MISMATCH")).decide()

    assert decision.effect is Effect.DENY
    assert [denial.code for denial in decision.denials] == ["MAY_ACT_MISMATCH"]
    assert (decision.error, decision.error_description) == ("invalid_request", "The request cannot be granted.")
    assert (decision.limits, decision.act, decision.issue_claims) == (None, None, None)


@pytest.mark.parametrize(
    "obligation",
    [
        {"type": "step-up", "id": "step-up", "properties": {"acr_values": ["mfa"], "max_age": 300}},
        {"type": "step-up", "id": "step-up", "properties": {"max_age": 0}},
        {"type": "approval", "id": "approval", "properties": {"scope": "mail.delete", "target": MAIL}},
    ],
)
def test_a_known_obligation_passes(obligation: Answer) -> None:
    """What a human must do before a retry reaches the caller as the policy said it."""
    decision = Service(deny("ACR_INSUFFICIENT", "insufficient_user_authentication", obligation)).decide()

    assert [dataclasses.asdict(offered) for offered in decision.obligations] == [obligation]


@pytest.mark.parametrize(
    "answer",
    [
        deny("X", "e", {"type": "pay", "id": "pay", "properties": {"scope": "x"}}),
        deny("X", "e", {"type": "step-up", "id": "", "properties": {"max_age": 1}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {"max_age": -1}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {"max_age": True}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {"acr_values": []}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {"acr_values": ["mfa", 1]}}),
        deny("X", "e", {"type": "step-up", "id": "s", "properties": {"max_age": 1, "sub": "x"}}),
        deny("X", "e", {"type": "approval", "id": "a", "properties": {}}),
        deny("X", "e", {"type": "approval", "id": "a", "properties": {"scope": ["x"]}}),
        deny("not a code"),
        deny("X", "not an error"),
        deny("X", ""),
        {**deny("X"), "act": {"sub": "x"}},
        {**deny("X"), "limits": allow()["limits"]},
    ],
)
def test_a_malformed_deny_is_no_decision(answer: Answer) -> None:
    """A caller that cannot act on a refusal's parts is given none, and refuses by itself."""
    service = Service(answer)
    with pytest.raises(EngineError) as caught:
        service.decide()

    assert (caught.value.status, caught.value.reason) == (Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER")
    assert service.recorder.records == []


def test_decisions_for_agents_of_the_registry_are_counted_by_agent_and_version() -> None:
    """And no others: what a caller made up never becomes a label."""
    registered, unknown = Service(allow()), Service({**allow(), "actor_agent": "made-up"})
    decision = registered.decide()
    unknown.decide()
    assert registered.observed.agents == [("mailer", "3", decision.decision_id)]
    assert unknown.observed.agents == []


def test_a_widening_answer_is_a_deny_that_is_counted_and_logged() -> None:
    """The metric and the error log line name the bound and hold nothing of the request."""
    service = Service(allow(scope=["mail.read", "mail.send"]))
    with capture_logs() as lines:
        decision = service.decide()

    assert [denial.code for denial in decision.denials] == ["OUTPUT_WIDENED"]
    assert decision.error == "invalid_request"
    assert service.observed.bounds == ["scope_requested"]
    assert lines == [
        {
            "event": "output_widened",
            "log_level": "error",
            "bound": "scope_requested",
            "decision_id": decision.decision_id,
            "policy_revision": "r1",
        }
    ]
    assert service.recorder.records[0].document["codes"] == ["OUTPUT_WIDENED"]


def test_an_answer_of_another_revision_is_no_decision() -> None:
    """One decision comes from one revision, the one whose data bound it."""
    service = Service({**allow(), "revision": "r2"})
    with pytest.raises(EngineError) as caught:
        service.decide()

    assert (caught.value.status, caught.value.reason) == (Status.INTERNAL, "ENGINE_REVISION_CHANGED")


def test_an_engine_error_is_no_decision() -> None:
    """What the engine cannot answer is neither allowed nor denied, and is not recorded."""
    service = Service(EngineError("OPA is away"))
    with pytest.raises(EngineError, match="OPA is away"):
        service.decide()

    assert service.recorder.records == []
    assert service.revision.leased == 0


def test_a_decision_that_cannot_be_recorded_does_not_leave() -> None:
    """Without its record an allow is worth nothing."""
    service = Service(allow(), recorder=Recorder(ReceiptError("disk full")))
    with pytest.raises(ReceiptError):
        service.decide()


def test_the_record_names_caller_actor_and_agent() -> None:
    """The record says who asked and who would act, in which version."""
    service = Service(allow())
    decision = service.decide()
    (kept,) = service.recorder.records

    assert kept.decision_id == decision.decision_id
    assert kept.document["caller"] == "sts-1"
    assert kept.document["actor"] == {
        "iss": "spiffe://example.org",
        "sub": AGENT,
        "agent": "mailer",
        "version": "3",
    }


def test_the_engine_gets_the_time_that_is_left() -> None:
    """The caller's deadline is the engine's."""
    service = Service(allow())
    service.decide(timeout=1.0)

    assert 0 < service.engine.timeouts[0] <= 1.0


def test_a_deadline_that_has_passed_asks_nobody() -> None:
    """No question is sent whose answer nobody waits for."""
    service = Service(allow())
    with pytest.raises(EngineError) as caught:
        service.decide(timeout=0.0)

    assert caught.value.status is Status.DEADLINE_EXCEEDED
    assert service.engine.asked == []


def test_every_stage_is_timed() -> None:
    """Metrics see where the time of a decision went."""
    service = Service(allow())
    service.decide()

    assert service.observed.stages == ["input", "engine", "ceiling", "record"]


def test_the_policy_is_asked_at_whole_seconds() -> None:
    """Policy and ceiling reckon with the same second."""
    service = Service(allow())
    service.decide()

    assert service.engine.asked[0]["now"] == 1_800_000_000


def test_a_test_case_decides_over_its_own_data() -> None:
    """An override reaches policy and ceiling alike, under the revision that is tested."""
    service = Service(allow(max_lifetime_seconds=100))
    registry = {**REGISTRY, "clients": {"agent-mail": {"scopes": ["mail.send"], "targets": [MAIL]}}}
    decide = service.decider.decide_with
    _seen, decision = asyncio.run(decide(request(), now=NOW, data={"registry": registry}, state=State()))

    assert [denial.code for denial in decision.denials] == ["OUTPUT_WIDENED"]
    assert service.observed.bounds == ["scope_client"]
    (tree,) = service.engine.trees
    assert tree["custom"]["actas"]["registry"] == registry


def test_a_test_case_without_data_decides_over_the_revisions_own() -> None:
    """Time and state are still those of the case."""
    service = Service(allow())
    state = State(freshness="stale", version="s2")
    decide = service.decider.decide_with
    _seen, decision = asyncio.run(decide(request(), now=NOW - 600.5, data=None, state=state))

    assert decision.effect is Effect.ALLOW
    assert (decision.evaluated_at, decision.policy.state_version) == (NOW - 600.5, "s2")
    assert service.engine.trees == (None,)
    assert service.engine.asked[0]["state"]["freshness"] == "stale"


def test_a_serving_engine_takes_no_data_from_outside() -> None:
    """Who can choose the data can choose the decision, so only a checking engine lets anybody."""
    service = Service(allow())
    service.revision.engine = Engine(allow())
    with pytest.raises(EngineError, match="its own data only"):
        asyncio.run(service.decider.decide_with(request(), now=NOW, data={}, state=State()))
