"""The doorway over a real gRPC server: decoding, errors, limits, deadlines, batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio

from actas import wire
from actas.decision import Decision
from actas.decision.v1 import decision_pb2, request_pb2, service_pb2
from actas.errors import EngineError, ReceiptError, Status
from actas.request import ExchangeRequest
from server_support import ISSUER, REQUEST, ChosenDecider, Served, Told, allow, deny, send_bytes, served, stub_of

MESSAGE = wire.request_to_proto(REQUEST)


@pytest.fixture
def decider() -> ChosenDecider:
    """A decider that denies until a test says otherwise."""
    return ChosenDecider()


@pytest.fixture
async def server(decider: ChosenDecider) -> AsyncIterator[Served]:
    """A server without callers, on loopback."""
    async with served(decider) as running:
        yield running


async def refused(address: str, method: str, data: bytes) -> Told:
    """Send bytes that must be refused."""
    with pytest.raises(aio.AioRpcError) as caught:
        await send_bytes(address, method, data)
    return Told(caught.value)


async def test_a_deny_is_an_answer(server: Served, decider: ChosenDecider) -> None:
    """Status OK, effect DENY, and the request arrives as it was sent."""
    async with stub_of(server.address) as stub:
        response = await stub.Decide(MESSAGE)

    assert response.decision.effect == decision_pb2.EFFECT_DENY
    assert response.decision.denials[0].code == "MAY_ACT_MISMATCH"
    assert decider.asked[0][0] == REQUEST


async def test_decisions_and_calls_are_counted(server: Served) -> None:
    """By effect and primary code, by method and status."""
    async with stub_of(server.address) as stub:
        await stub.Decide(MESSAGE)
    await refused(server.address, "Decide", b"\xff")

    text = server.metrics.exposition().decode()
    assert 'actas_decisions_total{code="MAY_ACT_MISMATCH",effect="DENY"} 1.0' in text
    assert 'actas_calls_total{method="Decide",status="OK"} 1.0' in text
    assert 'actas_calls_total{method="Decide",status="INVALID_ARGUMENT"} 1.0' in text


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b"\xff\xff\xff", "INVALID_ARGUMENT", ""),
        (b"\x12\xff\x01", "INVALID_ARGUMENT", ""),
        (b"\x12\x02\xff\xfe", "INVALID_ARGUMENT", "authorization_server"),
        (MESSAGE.SerializeToString() + b"\xfa\x3f\x01x", "INVALID_ARGUMENT", "#1023"),
        (MESSAGE.SerializeToString() + b"\x5a" + b"\xa0\x0f" + b"a" * 2000, "INVALID_ARGUMENT", ""),
        (b"", "INVALID_ARGUMENT", "authorization_server"),
    ],
    ids=["no protobuf", "cut short", "invalid UTF-8", "unknown field", "garbage at the end", "empty"],
)
async def test_broken_messages_are_refused(server: Served, data: bytes, code: str, field: str) -> None:
    """The status is the caller's fault, and names the field where one is to blame; nothing is decided."""
    told = await refused(server.address, "Decide", data)

    assert told.code == code
    assert told.domain == "actas"
    if field:
        assert told.field == field


@pytest.mark.parametrize("size", [300 * 1024, 10 * 1024 * 1024])
async def test_a_message_over_the_limit_is_refused_by_name(server: Served, decider: ChosenDecider, size: int) -> None:
    """RESOURCE_EXHAUSTED, with the limit in the text, and nothing is decided."""
    told = await refused(server.address, "Decide", b"\x3a" + b"\x80\x80\x80\x05" + b"x" * size)

    assert told.code == "RESOURCE_EXHAUSTED"
    assert "262144" in told.text or "1048576" in told.text
    assert decider.asked == []


@pytest.mark.parametrize(
    ("raised", "code", "reason"),
    [
        (EngineError("OPA does not answer"), "UNAVAILABLE", "ENGINE_UNAVAILABLE"),
        (
            EngineError("ill-typed", status=Status.INTERNAL, reason="ENGINE_ILL_TYPED_ANSWER"),
            "INTERNAL",
            "ENGINE_ILL_TYPED_ANSWER",
        ),
        (ReceiptError("the store is full"), "UNAVAILABLE", "DECISION_NOT_RECORDED"),
        (TimeoutError(), "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"),
        (RuntimeError("secret token eyJ"), "INTERNAL", "INTERNAL"),
    ],
)
async def test_no_decision_is_a_status_with_a_reason(
    server: Served, decider: ChosenDecider, raised: Exception, code: str, reason: str
) -> None:
    """Never a decision, never a stack, and nothing of a foreign error's text."""

    def fail(_request: ExchangeRequest) -> Decision:
        raise raised

    decider.answer = fail

    told = await refused(server.address, "Decide", MESSAGE.SerializeToString())

    assert (told.code, told.reason, told.domain) == (code, reason, "actas")
    assert "secret" not in told.text


async def test_the_callers_deadline_reaches_the_decision(server: Served, decider: ChosenDecider) -> None:
    """The time that remains is what the decider may take; without a deadline it is the default."""
    async with stub_of(server.address) as stub:
        await stub.Decide(MESSAGE, timeout=0.7)
        await stub.Decide(MESSAGE)
        await stub.Decide(MESSAGE, timeout=60)

    with_deadline, without, patient = (timeout for _, timeout, _ in decider.asked)
    assert 0.3 < with_deadline <= 0.71
    assert 0.9 < without <= 1.0
    assert 9.0 < patient <= 10.0


async def test_what_hangs_beyond_the_deadline_is_ended(decider: ChosenDecider) -> None:
    """A caller without a deadline gets DEADLINE_EXCEEDED, and the work does not go on behind its back."""
    decider.seconds = 5
    async with served(decider, {"default_timeout": 0.1}) as server:
        told = await refused_without_deadline(server.address)

    assert told.code == "DEADLINE_EXCEEDED"
    assert decider.finished == 0


async def refused_without_deadline(address: str) -> Told:
    """Call without a deadline of the client's."""
    async with stub_of(address) as stub:
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.Decide(MESSAGE)
    return Told(caught.value)


async def test_a_batch_answers_each_request_on_its_own(server: Served, decider: ChosenDecider) -> None:
    """Same order; one that cannot be decided leaves the others alone."""

    def by_scope(request: ExchangeRequest) -> Decision:
        if request.scope == "explode":
            raise RuntimeError
        return allow(request) if request.scope == "read" else deny(request)

    decider.answer = by_scope
    requests = [request_pb2.DecideRequest(request_id=str(n)) for n in range(4)]
    for request, scope in zip(requests, ("read", "write", "explode", "read"), strict=True):
        request.MergeFrom(request_pb2.DecideRequest(authorization_server=ISSUER, scope=scope, resource=["https://a/"]))
    requests[3].authorization_server = ""

    async with stub_of(server.address) as stub:
        items = (await stub.DecideBatch(service_pb2.DecideBatchRequest(requests=requests))).items

    assert [item.WhichOneof("result") for item in items] == ["decision", "decision", "error", "error"]
    assert [item.decision.request_id for item in items[:2]] == ["0", "1"]
    assert items[0].decision.effect == decision_pb2.EFFECT_ALLOW
    assert (items[2].error.status, items[2].error.reason) == ("INTERNAL", "INTERNAL")
    assert (items[3].error.status, items[3].error.field) == ("INVALID_ARGUMENT", "authorization_server")


@pytest.mark.parametrize(
    ("method", "message", "field"),
    [
        ("DecideBatch", service_pb2.DecideBatchRequest(), "requests"),
        ("DecideBatch", service_pb2.DecideBatchRequest(requests=[MESSAGE] * 101), "requests"),
        ("Explain", service_pb2.ExplainRequest(), "request"),
    ],
)
async def test_an_envelope_must_hold_what_it_is_for(
    server: Served, method: str, message: service_pb2.DecideBatchRequest, field: str
) -> None:
    """Nothing to decide, or too much at once, is refused by name."""
    told = await refused(server.address, method, message.SerializeToString())

    assert (told.code, told.field) == ("INVALID_ARGUMENT", field)


async def test_an_unknown_field_beside_a_batch_is_refused(server: Served) -> None:
    """A newer caller's restriction must not be dropped."""
    data = service_pb2.DecideBatchRequest(requests=[MESSAGE]).SerializeToString() + b"\xfa\x3f\x01x"

    assert (await refused(server.address, "DecideBatch", data)).field == "#1023"


async def test_explain_shows_rule_place_and_input(server: Served) -> None:
    """On loopback it needs no permission."""
    async with stub_of(server.address) as stub:
        response = await stub.Explain(service_pb2.ExplainRequest(request=MESSAGE))

    rule = response.rules[0]
    assert (rule.rule, rule.code, rule.outcome, rule.line) == ("may_act", "MAY_ACT_MISMATCH", "denied", 7)
    assert rule.inputs_json == '{"input.scope": "read"}'


async def test_a_stop_finishes_what_is_in_flight(decider: ChosenDecider) -> None:
    """The call that began before the stop gets its decision; a new one is refused."""
    decider.seconds = 0.5
    async with served(decider) as server, stub_of(server.address) as stub:
        call = asyncio.ensure_future(stub.Decide(MESSAGE))
        while not decider.asked:
            await asyncio.sleep(0.01)
        await server.host.stop()
        response = await call
        with pytest.raises(grpc.RpcError):
            await send_bytes(server.address, "Decide", MESSAGE.SerializeToString())

    assert response.decision.decision_id == "d-1"
    assert len(decider.asked) == 1
