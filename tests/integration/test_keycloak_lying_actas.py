"""Keycloak believes nothing that it cannot check: each lie of an Actas, on the running server, issues no token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from google.protobuf.message import Message

from actas.decision.v1 import decision_pb2, service_pb2
from keycloak_faults import NO_DECISION, Exchanges, another_actas
from keycloak_world import World
from lying_actas import Lie, LyingActas

pytestmark = pytest.mark.slow

Response = service_pb2.DecideResponse
A_DAY = 24 * 3600
# RFC 9562, section 5.7: of the right form, and of nobody's decision.
NOBODYS = "01900000-0000-7000-8000-000000000000"
# A field of number 99 that holds one byte: a newer Actas' restriction.
UNKNOWN_FIELD = b"\x9a\x06\x01x"


@pytest.fixture(scope="module")
def liar(world: World) -> Iterator[LyingActas]:
    """A server where Keycloak expects Actas; Actas itself moves to another port."""
    address = world.actas.address
    world.actas.stop()
    with another_actas() as truth, LyingActas(truth.address, address) as liar:
        yield liar
    world.actas.start()


@pytest.fixture(scope="module")
def exchanges(world: World, liar: LyingActas) -> Exchanges:
    """Two hops that are right, the second one with a chain to keep, made while nobody lies."""
    exchanges = Exchanges(world.tokens)
    exchanges.ready()
    return exchanges


def changed(change: Callable[[Response], object]) -> Lie:
    """Lie by changing the message."""

    def lie(answer: Response, _: Response | None) -> Response:
        change(answer)
        return answer

    return lie


def replaced(data: bytes) -> Lie:
    """Lie by sending *data* in its place."""
    return lambda _answer, _before: data


def unknown_field(part: Callable[[Response], Message]) -> Lie:
    """Lie by saying more than is known in one *part* of the answer."""
    return changed(lambda answer: part(answer).MergeFromString(UNKNOWN_FIELD))


def obligation(kind: str) -> Lie:
    """Lie by asking for something beside an allow."""
    return changed(lambda answer: answer.decision.obligations.add(type=kind, id="o-1"))


def another_decision(answer: Response, before: Response | None) -> Response:
    """Answer with the decision of the request before, which was right then."""
    assert before is not None
    assert before.decision.request_id != answer.decision.request_id
    return before


def another_decision_as_if_mine(answer: Response, before: Response | None) -> Response:
    """Answer with the decision of a request of another hop, under this request's id."""
    assert before is not None
    before = Response.FromString(before.SerializeToString())
    before.decision.request_id = answer.decision.request_id
    return before


def without_inner_levels(answer: Response) -> None:
    """Forget who acted before."""
    act = json.loads(answer.decision.act_json)
    assert act.pop("act")
    answer.decision.act_json = json.dumps(act)


def another_inner_level(answer: Response) -> None:
    """Say that somebody else acted before."""
    act = json.loads(answer.decision.act_json)
    act["act"]["sub"] = "somebody-else"
    answer.decision.act_json = json.dumps(act)


def longer_lifetime(answer: Response) -> None:
    """Let the token outlive the one that it was exchanged for."""
    answer.decision.limits.max_lifetime.seconds += A_DAY
    answer.decision.limits.not_after.seconds += A_DAY


def past(answer: Response) -> None:
    """Answer with a decision that may no longer be issued on."""
    answer.decision.evaluated_at.seconds -= 60
    answer.decision.valid_until.FromSeconds(int(time.time()) - 30)


def bound(answer: Response) -> None:
    """Demand a key that nobody has proved to have."""
    answer.decision.limits.token_type = "DPoP"
    answer.decision.limits.cnf.jkt = "x" * 43


def deny(answer: Response, *, error: str = "", code: str = "") -> None:
    """Turn the answer into a deny that has no more than this."""
    for name in ("limits", "issue_claims", "act_json"):
        answer.decision.ClearField(name)
    answer.decision.effect = decision_pb2.EFFECT_DENY
    answer.decision.error = error
    answer.decision.error_description = "no" if error else ""
    if code:
        answer.decision.denials.add(code=code, rule="r", reason="because")


LIES: dict[str, Lie] = {
    "garbage": replaced(b"\xff\xfe no message \x00"),
    "half a message": lambda answer, _: answer.SerializeToString()[:-7],
    "nothing": replaced(b""),
    "unknown effect": changed(lambda answer: setattr(answer.decision, "effect", 77)),
    "effect unspecified": changed(lambda answer: answer.decision.ClearField("effect")),
    "unknown field": unknown_field(lambda answer: answer),
    "unknown field of the decision": unknown_field(lambda answer: answer.decision),
    "unknown field of the limits": unknown_field(lambda answer: answer.decision.limits),
    "unknown obligation": obligation("session-termination"),
    "step-up beside an allow": obligation("step-up"),
    "wider scope": changed(lambda answer: answer.decision.limits.scope.append("orders:write")),
    "other audience": changed(lambda answer: answer.decision.limits.audience.__setitem__(0, "archive")),
    "one more audience": changed(lambda answer: answer.decision.limits.audience.append("archive")),
    "no audience": changed(lambda answer: answer.decision.limits.ClearField("audience")),
    "longer lifetime": changed(longer_lifetime),
    "no lifetime": changed(lambda answer: answer.decision.limits.ClearField("max_lifetime")),
    "negative lifetime": changed(lambda answer: setattr(answer.decision.limits.max_lifetime, "seconds", -1)),
    "no end": changed(lambda answer: answer.decision.limits.ClearField("not_after")),
    "no limits": changed(lambda answer: answer.decision.ClearField("limits")),
    "another token type": changed(
        lambda answer: setattr(
            answer.decision.limits, "issued_token_type", "urn:ietf:params:oauth:token-type:refresh_token"
        )
    ),
    "another request's decision": another_decision,
    "another request's id": changed(lambda answer: setattr(answer.decision, "request_id", "r-1")),
    "no request id": changed(lambda answer: answer.decision.ClearField("request_id")),
    "another decision under this request's id": another_decision_as_if_mine,
    "act without the inner levels": changed(without_inner_levels),
    "act with another inner level": changed(another_inner_level),
    "act that is no JSON": changed(lambda answer: setattr(answer.decision, "act_json", "{")),
    "no act": changed(lambda answer: answer.decision.ClearField("act_json")),
    "no decision id": changed(lambda answer: answer.decision.ClearField("decision_id")),
    "a decision id to write that is not its own": changed(
        lambda answer: setattr(answer.decision.issue_claims, "decision_id", NOBODYS)
    ),
    "nothing to write": changed(lambda answer: answer.decision.ClearField("issue_claims")),
    "too late": changed(past),
    "bound to a key that was not proved": changed(bound),
    "deny without an error": changed(lambda answer: deny(answer, code="ACR_INSUFFICIENT")),
    "deny without a reason": changed(lambda answer: deny(answer, error="access_denied")),
    "deny with a line break": changed(
        lambda answer: deny(answer, error='access_denied"\r\nSet-Cookie: a=b', code="ACR_INSUFFICIENT")
    ),
    "allow with limits, called a deny": changed(lambda answer: setattr(answer.decision, "effect", 2)),
}

# Right in itself, and only the token that Keycloak then makes shows that it is not of this request.
FOUND_AT_THE_TOKEN = {
    "bound to a key that was not proved": (
        400,
        {"error": "access_denied", "error_description": "the token is not bound to the key of the decision"},
    )
}


def test_what_is_only_passed_on_is_issued(exchanges: Exchanges, liar: LyingActas) -> None:
    """The detour itself changes nothing, so what the lies are refused for is the lie."""
    before = liar.asked
    answer = exchanges.second()
    assert (answer.status, liar.asked) == (200, before + 1)
    assert [level["sub"] for level in exchanges.chain(answer)] == exchanges.SECOND_CHAIN


@pytest.mark.parametrize("name", LIES)
def test_a_lie_issues_no_token(exchanges: Exchanges, liar: LyingActas, name: str) -> None:
    """Keycloak refuses without saying why, and the next honest answer is believed again."""
    if name == "another decision under this request's id":
        assert exchanges.first().status == 200
    lied = liar.lied
    liar.lie = LIES[name]
    try:
        answer = exchanges.second()
    finally:
        liar.lie = None
    assert liar.lied == lied + 1, answer.body
    assert "access_token" not in answer.body
    assert "refresh_token" not in answer.body
    assert (answer.status, answer.body) == FOUND_AT_THE_TOKEN.get(name, NO_DECISION)
    assert "set-cookie" not in answer.headers


def test_after_all_lies_the_truth_is_believed(exchanges: Exchanges) -> None:
    """No lie leaves anything behind."""
    last = exchanges.second()
    assert last.status == 200, last.body
