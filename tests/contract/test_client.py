"""The client library against a channel that a test plays: what it sends, retries, refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc_testing
import pytest
from google.protobuf.message import Message

from actas import wire
from actas.client import DecisionClient, Target, UnusableDecisionError
from actas.decision import Decision, Effect
from actas.decision.v1 import decision_pb2, service_pb2
from actas.errors import EngineError, ProtocolError, Status
from actas.request import ExchangeRequest

SERVICE = service_pb2.DESCRIPTOR.services_by_name["DecisionService"]
REQUEST = ExchangeRequest("https://as.example", request_id="r-1", resource=("https://api.example/",), scope="read")

DENY = decision_pb2.Decision(
    decision_id="d-1",
    request_id="r-1",
    effect=decision_pb2.EFFECT_DENY,
    error="access_denied",
    denials=[decision_pb2.Denial(code="MAY_ACT_MISMATCH", rule="may_act", reason="no proof")],
    policy=decision_pb2.PolicyRef(revision="rev-1"),
    evaluated_at={"seconds": 1_000},
    valid_until={"seconds": 1_005},
)
ALLOW = decision_pb2.Decision(
    decision_id="d-2",
    request_id="r-1",
    effect=decision_pb2.EFFECT_ALLOW,
    limits=decision_pb2.Limits(
        scope=["read"],
        audience=["https://api.example/"],
        max_lifetime={"seconds": 300},
        not_after={"seconds": 1_300},
        issued_token_type="urn:ietf:params:oauth:token-type:access_token",
        token_type="Bearer",
    ),
    issue_claims=decision_pb2.IssueClaims(decision_id="d-2", txn="d-2"),
    policy=decision_pb2.PolicyRef(revision="rev-1"),
    evaluated_at={"seconds": 1_000},
    valid_until={"seconds": 1_005},
)


class Service:
    """The other end: a test takes the calls and answers them."""

    def __init__(self) -> None:
        """Make a channel that leads nowhere but here."""
        self.channel: Any = grpc_testing.channel([SERVICE], grpc_testing.strict_real_time())

    def take(self, method: str = "Decide") -> tuple[Any, Any, Any]:
        """Wait for the next call of *method*: its metadata, message and the call."""
        taken: tuple[Any, Any, Any] = self.channel.take_unary_unary(SERVICE.methods_by_name[method])
        return taken

    def answer(self, response: Message, method: str = "Decide") -> None:
        """Answer the next call of *method* with *response*."""
        self.take(method)[2].terminate(response, (), grpc.StatusCode.OK, "")

    def fail(self, code: grpc.StatusCode, text: str = "") -> None:
        """Fail the next call."""
        self.take()[2].terminate(None, (), code, text)


@pytest.fixture
def service() -> Service:
    """A service that a test plays."""
    return Service()


def asked(service: Service, act: Callable[[DecisionClient], Any], *answers: Callable[[], None]) -> Any:
    """Run *act* on a client in a thread, answer its calls in order, return or raise what came of it."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(act(DecisionClient.over([service.channel], token="secret", timeout=5)))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    for answer in answers:
        answer()
    thread.join(10)
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def decide(client: DecisionClient) -> Decision:
    """Decide the request of these tests."""
    return client.decide(REQUEST)


def changed(decision: decision_pb2.Decision, **members: Any) -> service_pb2.DecideResponse:
    """Give an answer with *decision* changed; None clears a member."""
    copy = decision_pb2.Decision()
    copy.CopyFrom(decision)
    for name, value in members.items():
        copy.ClearField(name)
        if value is not None:
            copy.MergeFrom(decision_pb2.Decision(**{name: value}))
    return service_pb2.DecideResponse(decision=copy)


def test_a_deny_is_returned(service: Service) -> None:
    """The caller reads why; nothing is raised."""
    decision = asked(service, decide, lambda: service.answer(service_pb2.DecideResponse(decision=DENY)))

    assert decision.effect is Effect.DENY
    assert decision.denials[0].code == "MAY_ACT_MISMATCH"


def test_an_allow_is_returned_with_its_limits(service: Service) -> None:
    """Everything an issuer needs is there."""
    decision = asked(service, decide, lambda: service.answer(service_pb2.DecideResponse(decision=ALLOW)))

    assert decision.effect is Effect.ALLOW
    assert (decision.limits.scope, decision.limits.max_lifetime_seconds) == (("read",), 300)
    assert decision.issue_claims.txn == "d-2"


def test_the_request_and_the_token_are_sent(service: Service) -> None:
    """The whole request, and the caller's bearer token as metadata."""
    seen: list[Any] = []

    def take() -> None:
        metadata, message, call = service.take()
        seen.extend((dict(metadata), message))
        call.terminate(service_pb2.DecideResponse(decision=DENY), (), grpc.StatusCode.OK, "")

    asked(service, decide, take)

    assert seen[0]["authorization"] == "Bearer secret"
    assert wire.request_from_proto(seen[1]) == REQUEST


def unknown(response: service_pb2.DecideResponse) -> service_pb2.DecideResponse:
    """Put a field into the decision that this version does not know."""
    data = response.decision.SerializeToString() + b"\xfa\x3f\x01x"
    return service_pb2.DecideResponse(decision=decision_pb2.Decision.FromString(data))


LIMITS = {"scope": ["read"], "max_lifetime": {"seconds": 300}, "not_after": {"seconds": 1_300}, "token_type": "Bearer"}


@pytest.mark.parametrize(
    "response",
    [
        service_pb2.DecideResponse(),
        service_pb2.DecideResponse.FromString(
            service_pb2.DecideResponse(decision=DENY).SerializeToString() + b"\xfa\x3f\x01x"
        ),
        unknown(service_pb2.DecideResponse(decision=ALLOW)),
        unknown(service_pb2.DecideResponse(decision=DENY)),
        changed(ALLOW, effect=decision_pb2.EFFECT_UNSPECIFIED),
        changed(ALLOW, effect=7),
        changed(ALLOW, request_id="r-2"),
        changed(ALLOW, request_id=None),
        changed(ALLOW, decision_id=None),
        changed(ALLOW, policy=None),
        changed(ALLOW, policy={"bundle_digest": "x"}),
        changed(ALLOW, limits=None),
        changed(ALLOW, issue_claims=None),
        changed(ALLOW, denials=DENY.denials),
        changed(ALLOW, error="access_denied"),
        changed(ALLOW, obligations=[{"type": "approval", "id": "1"}]),
        changed(ALLOW, limits={**LIMITS, "audience": ["https://other.example/"]}),
        changed(ALLOW, limits={**LIMITS, "audience": ["https://api.example/"], "max_lifetime": {"seconds": 0}}),
        changed(ALLOW, act_json="{"),
        changed(DENY, obligations=[{"type": "call-your-mother", "id": "1"}]),
    ],
)
def test_an_answer_that_is_not_understood_is_refused(service: Service, response: service_pb2.DecideResponse) -> None:
    """Unknown, incomplete, contradictory or somebody else's: none of it lets a token be issued."""
    with pytest.raises(UnusableDecisionError):
        asked(service, decide, lambda: service.answer(response))


def test_unavailable_is_asked_again(service: Service) -> None:
    """The service decides anew; the caller sees only the decision. A stopping server cancels what it has not begun."""
    decision = asked(
        service,
        decide,
        lambda: service.fail(grpc.StatusCode.UNAVAILABLE),
        lambda: service.fail(grpc.StatusCode.CANCELLED),
        lambda: service.answer(service_pb2.DecideResponse(decision=DENY)),
    )

    assert decision.decision_id == "d-1"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (grpc.StatusCode.INTERNAL, Status.INTERNAL, EngineError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Status.DEADLINE_EXCEEDED, EngineError),
        (grpc.StatusCode.UNAUTHENTICATED, Status.UNAUTHENTICATED, EngineError),
        (grpc.StatusCode.PERMISSION_DENIED, Status.PERMISSION_DENIED, EngineError),
        (grpc.StatusCode.INVALID_ARGUMENT, Status.INVALID_ARGUMENT, ProtocolError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, Status.RESOURCE_EXHAUSTED, ProtocolError),
        (grpc.StatusCode.UNIMPLEMENTED, Status.INTERNAL, EngineError),
    ],
)
def test_nothing_else_is_asked_again(
    service: Service, code: grpc.StatusCode, status: Status, kind: type[EngineError | ProtocolError]
) -> None:
    """One call, one exception; a status outside of the contract is INTERNAL."""
    with pytest.raises(kind) as caught:
        asked(service, decide, lambda: service.fail(code, "why"))

    assert caught.value.status is status


def test_retries_end_with_the_deadline(unused_tcp_port: int) -> None:
    """A service that is not there is UNAVAILABLE when the caller's time is over, not later."""
    started = time.monotonic()
    with DecisionClient(f"127.0.0.1:{unused_tcp_port}", timeout=0.4) as client, pytest.raises(EngineError) as caught:
        client.decide(REQUEST)

    assert caught.value.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}
    assert time.monotonic() - started < 4


def test_calls_take_turns_over_the_channels() -> None:
    """Several connections let the service's workers share the load."""
    ends = [Service(), Service()]
    client = DecisionClient.over([end.channel for end in ends], timeout=5)

    def answers() -> None:
        for end in (*ends, *ends):
            end.answer(service_pb2.DecideResponse(decision=DENY))

    thread = threading.Thread(target=answers)
    thread.start()
    for _ in range(4):
        assert client.decide(REQUEST).decision_id == "d-1"
    thread.join(5)
    assert not thread.is_alive()


def test_a_batch_gives_a_decision_or_an_error_for_each_request(service: Service) -> None:
    """In the order of the requests."""
    error = service_pb2.DecisionError(
        status="INVALID_ARGUMENT", reason="MISSING_FIELD", field="grant_type", message="x"
    )
    response = service_pb2.DecideBatchResponse(items=[{"decision": DENY}, {"error": error}])

    items = asked(
        service, lambda client: client.decide_batch([REQUEST, REQUEST]), lambda: service.answer(response, "DecideBatch")
    )

    assert items[0].effect is Effect.DENY
    assert isinstance(items[1], ProtocolError)
    assert (items[1].field, items[1].status) == ("grant_type", Status.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"decision": DENY}] * 3,
        [{"decision": DENY}, {}],
        [{"decision": DENY}, {"decision": changed(DENY, request_id="x").decision}],
    ],
)
def test_a_batch_that_does_not_answer_each_request_is_refused(service: Service, items: list[Any]) -> None:
    """A shifted or missing item would give one caller another's decision."""
    response = service_pb2.DecideBatchResponse(items=items)

    with pytest.raises(UnusableDecisionError):
        asked(
            service,
            lambda client: client.decide_batch([REQUEST, REQUEST]),
            lambda: service.answer(response, "DecideBatch"),
        )


def test_an_explanation_comes_with_its_decision(service: Service) -> None:
    """Rules, places and inputs."""
    rule = service_pb2.RuleExplanation(
        rule="may_act", code="MAY_ACT_MISMATCH", outcome="denied", inputs_json='{"a": 1}'
    )
    response = service_pb2.ExplainResponse(decision=DENY, rules=[rule])

    explanation = asked(service, lambda client: client.explain(REQUEST), lambda: service.answer(response, "Explain"))

    assert explanation.decision.effect is Effect.DENY
    assert explanation.rules[0].inputs == {"a": 1}


@pytest.mark.parametrize("address", ["actas.example:50051", "192.0.2.1:50051", "nowhere", ""])
def test_plain_text_does_not_leave_the_machine(address: str) -> None:
    """The token could be read and the decision forged on the way."""
    with pytest.raises(ValueError, match=r"TLS|HOST:PORT"):
        Target(address, "secret")


def test_a_token_is_not_shown() -> None:
    """Neither in a log nor in a traceback."""
    assert "secret" not in repr(Target("127.0.0.1:1", "secret"))
