"""Messages become domain values and back; what this version does not know is refused by its path."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from actas import wire
from actas.decision import Decision, Denial, Effect, IssueClaims, Limits, Obligation, PolicyRef, WithheldScope
from actas.decision.v1 import decision_pb2, request_pb2, service_pb2
from actas.document import from_document
from actas.errors import ActasError, EngineError, ProtocolError, ReceiptError, Status
from actas.limits import RequestLimits
from actas.request import ExchangeRequest, JsonText, Token
from actas.server.status import Outward

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "exchange.jsonl").read_text(encoding="utf-8").splitlines()
]
LIMITS = RequestLimits()
UNKNOWN = b"\xfa\x3f\x01x"  # field 1023 with the text x
ALLOW = Decision(
    decision_id="d-1",
    request_id="r-1",
    effect=Effect.ALLOW,
    policy=PolicyRef("rev", "sha256:x", "7"),
    evaluated_at=1_800_000_000.123456,
    valid_until=1_800_000_005.123456,
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
        authorization_details=({"type": "payment", "amount": 1.5, "big": 2**60},),
        cnf={"jkt": "k"},
    ),
    issue_claims=IssueClaims("d-1", "root"),
    act={"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent", "act": {"sub": "x", "n": 2**60}},
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


def message(**fields: Any) -> request_pb2.DecideRequest:
    """Return a request with an authorization server and *fields*."""
    return request_pb2.DecideRequest(**{"authorization_server": "https://as.example.com", **fields})


def refused(request: request_pb2.DecideRequest) -> ProtocolError:
    """Return the error that refuses *request*."""
    with pytest.raises(ProtocolError) as caught:
        wire.request_from_proto(request, LIMITS)
    return caught.value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_every_vector_travels_without_loss(vector: dict[str, Any]) -> None:
    """A vector's request is the same after the way through message and bytes."""
    request = from_document(vector["request"], LIMITS)
    data = wire.request_to_proto(request).SerializeToString()

    assert wire.request_from_proto(wire.decode(request_pb2.DecideRequest, data), LIMITS) == request


def test_an_empty_message_has_the_defaults_of_an_empty_document() -> None:
    """Absent submessages and empty strings mean the same as absent members."""
    assert wire.request_from_proto(message(), LIMITS) == from_document(
        {"authorization_server": "https://as.example.com"}, LIMITS
    )
    assert refused(request_pb2.DecideRequest()).field == "authorization_server"


def test_presence_of_a_token_is_kept() -> None:
    """An empty token was mentioned; an absent one was not."""
    request = wire.request_from_proto(message(subject_token=request_pb2.Token()), LIMITS)

    assert (request.subject_token, request.actor_token) == (Token(), None)


def _with_unknown(path: str) -> request_pb2.DecideRequest:
    request = message(approvals=[{}, {}], consents=[{}])
    target: Any = request
    for step in filter(None, path.split(".")):
        name, _, position = step.partition("[")
        target = getattr(target, name)
        target = target[int(position[:-1])] if position else target
    target.MergeFromString(UNKNOWN)
    return wire.decode(request_pb2.DecideRequest, request.SerializeToString())


@pytest.mark.parametrize(
    "path",
    ["", "client", "subject_token", "actor_token", "actor_workload", "approvals[1]", "consents[0]", "code", "context",
     "requested_lifetime", "subject_token.header", "approvals[0].approved_until"],
)  # fmt: skip
def test_an_unknown_field_is_refused_wherever_it_is(path: str) -> None:
    """A restriction of a newer caller must not be dropped, at any depth."""
    error = refused(_with_unknown(path))

    assert error.field == (f"{path}.#1023" if path else "#1023")
    assert error.reason == "UNKNOWN_FIELD"


def test_an_unknown_field_inside_a_header_value_is_refused() -> None:
    """A map's values are messages too."""
    request = message()
    request.subject_token.header.fields["alg"].MergeFromString(b"\x1a\x01x" + UNKNOWN)

    assert refused(request).field == "subject_token.header.fields.#1023"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subject_token": {"claims_json": "{"}}, "subject_token.claims_json"),
        ({"actor_token": {"claims_json": "[" * 65 + "]" * 65}}, "actor_token.claims_json"),
        ({"authorization_details_json": "x"}, "authorization_details_json"),
        ({"approvals": [{}, {"authorization_details_json": "x"}]}, "approvals[1].authorization_details_json"),
        ({"approvals": [{"approved_until": Timestamp(seconds=10**12)}]}, "approvals[0].approved_until"),
        ({"approvals": [{}, {"jws": "a" * (16 * 1024 + 1)}]}, "approvals[1].jws"),
        ({"approvals": [{"jws": "a.b.c", "id": "apr-1"}]}, "approvals[0].id"),
        ({"approvals": [{"jws": "a.b.c", "verified": True}]}, "approvals[0].verified"),
        ({"approvals": [{"jws": "a.b.c", "approved_until": Timestamp()}]}, "approvals[0].approved_until"),
        ({"consents": [{"until": Timestamp(nanos=-1)}]}, "consents[0].until"),
        ({"requested_lifetime": Duration(seconds=1, nanos=-1)}, "requested_lifetime"),
        ({"requested_lifetime": Duration(nanos=2_000_000_000)}, "requested_lifetime"),
        ({"requested_lifetime_json": "{"}, "requested_lifetime_json"),
        ({"requested_lifetime": Duration(seconds=1), "requested_lifetime_json": "1"}, "requested_lifetime_json"),
        ({"request_id": "x" * 129}, "request_id"),
        ({"resource": ["https://a"] * 11}, "resource"),
    ],
)
def test_a_malformed_field_is_refused_by_its_path(fields: Any, field: str) -> None:
    """Each refusal names the field of the message."""
    assert refused(message(**fields)).field == field


def test_every_json_value_of_a_header_travels() -> None:
    """Whole numbers stay integers, and null, booleans, arrays and objects stay what they are."""
    header = {"n": 7, "f": 1.5, "b": True, "z": None, "l": ["x", {"y": []}], "s": "\u00e9"}
    request = ExchangeRequest("a", subject_token=Token(header=header))

    arrived = wire.request_from_proto(wire.request_to_proto(request), LIMITS).subject_token
    assert arrived is not None
    assert json.dumps(arrived.header, sort_keys=True) == json.dumps(header, sort_keys=True)


def test_a_header_value_that_is_not_set_is_refused() -> None:
    """A Struct may hold a value without a kind, which JSON does not have."""
    request = message()
    request.subject_token.header.fields["alg"].CopyFrom(Value())

    assert refused(request).field == "subject_token.header"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 2.0**60])
def test_a_header_number_that_is_not_exact_is_refused(number: float) -> None:
    """A double beyond 2^53 may be another integer than the token's."""
    request = message()
    request.subject_token.header.fields["n"].number_value = number

    assert refused(request).field == "subject_token.header"


def test_a_message_over_the_limit_exhausts_the_resource() -> None:
    """256 KiB are read, more are not."""
    assert refused(message(context={"purpose": "x" * 262_144})).status is Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("lifetime", [0, -1, 600, 0.5, "600", True, False, "", [], {"a": 1}, 10**30, 1e-12, None])
def test_every_requested_lifetime_travels_with_its_type(lifetime: Any) -> None:
    """Also what no Duration can say reaches the policy, which denies it."""
    request = ExchangeRequest("a", requested_lifetime=lifetime)

    arrived = wire.request_from_proto(wire.request_to_proto(request), LIMITS).requested_lifetime
    assert arrived == lifetime
    assert type(arrived) is type(lifetime)


def test_claims_travel_as_text() -> None:
    """Blanks and repeated members survive, and large integers stay exact."""
    text = ' {"n":9007199254740993,"sub":"a","sub":"b"}'
    request = wire.request_from_proto(message(subject_token={"claims_json": text}), LIMITS)

    claims = JsonText(text, {"n": 9007199254740993, "sub": "b"}, well_formed=False)
    assert request.subject_token == Token(claims=claims)
    assert wire.request_to_proto(request).subject_token.claims_json == text


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"\x12\x01\xff", "authorization_server"),
        (b"\x22\x03\x0a\x01\xff", "client.client_id"),
        (b"\x2a\x06\x08\x00\x42\x02\xff\xff", "subject_token.claims_json"),
        (b"\x12", ""),
        (b"\xff" * 20, ""),
        (b"\x0f", ""),
        (b"\x12\x05a", ""),
    ],
)
def test_bytes_that_are_no_message_are_refused(data: bytes, field: str) -> None:
    """Text that is not UTF-8 is named by its field; anything else is no message."""
    with pytest.raises(ProtocolError) as caught:
        wire.decode(request_pb2.DecideRequest, data)

    assert caught.value.field == field


@pytest.mark.parametrize("decision", [ALLOW, DENY, replace(ALLOW, act=None)], ids=["allow", "deny", "impersonation"])
def test_a_decision_travels_without_loss(decision: Decision) -> None:
    """The client reads what the service decided."""
    data = wire.decision_to_proto(decision).SerializeToString()

    assert wire.decision_from_proto(wire.decode(decision_pb2.Decision, data)) == decision


def test_a_cnf_that_the_message_cannot_carry_is_not_dropped() -> None:
    """Dropping a method would let the issuer issue an unbound token."""
    assert ALLOW.limits is not None
    decision = replace(ALLOW, limits=replace(ALLOW.limits, cnf={"jkt": "k", "x5t#S256": "t"}))

    with pytest.raises(ValueError, match="cnf"):
        wire.decision_to_proto(decision)


def _allow_without(field: str) -> decision_pb2.Decision:
    message = wire.decision_to_proto(ALLOW)
    message.ClearField(field)
    return message


@pytest.mark.parametrize("field", ["effect", "policy", "evaluated_at", "valid_until", "limits", "issue_claims"])
def test_an_incomplete_allow_is_refused(field: str) -> None:
    """A client that does not see what it may issue issues nothing."""
    with pytest.raises(ProtocolError) as caught:
        wire.decision_from_proto(_allow_without(field))

    assert caught.value.field == field


def _changed(**fields: Any) -> decision_pb2.Decision:
    message = wire.decision_to_proto(ALLOW)
    message.MergeFrom(decision_pb2.Decision(**fields))
    return message


def _without_not_after() -> decision_pb2.Decision:
    message = wire.decision_to_proto(ALLOW)
    message.limits.ClearField("not_after")
    return message


def _without_jkt() -> decision_pb2.Decision:
    message = wire.decision_to_proto(ALLOW)
    message.limits.cnf.jkt = ""
    return message


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (_changed(effect=7), "effect"),
        (_changed(denials=[{"code": "X"}]), "denials"),
        (_changed(error="invalid_request"), "denials"),
        (_changed(obligations=[{"type": "notify"}]), "obligations[0].type"),
        (_changed(act_json="[]"), "act_json"),
        (_changed(act_json='{"sub":"a","sub":"b"}'), "act_json"),
        (_changed(limits={"max_lifetime": Duration(nanos=5)}), "limits.max_lifetime"),
        (_without_not_after(), "limits.not_after"),
        (_without_jkt(), "limits.cnf.jkt"),
        (_changed(limits={"authorization_details_json": "{}"}), "limits.authorization_details_json"),
        (decision_pb2.Decision.FromString(wire.decision_to_proto(ALLOW).SerializeToString() + UNKNOWN), "#1023"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_decision_that_a_client_does_not_understand_is_refused(message: decision_pb2.Decision, field: str) -> None:
    """Unknown fields, effects and obligations, and contradictions, are never ignored."""
    with pytest.raises(ProtocolError) as caught:
        wire.decision_from_proto(message)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "error",
    [
        ProtocolError("scope", "too many", status=Status.RESOURCE_EXHAUSTED, reason="LIMIT_EXCEEDED"),
        EngineError("no answer", status=Status.UNAVAILABLE, reason="ENGINE_UNAVAILABLE"),
    ],
)
def test_an_error_of_a_batch_item_travels(error: ProtocolError | EngineError) -> None:
    """Status, reason, field and message arrive."""
    arrived = wire.error_from_proto(wire.error_to_proto(Outward.of(error)))

    assert (type(arrived), vars(arrived)) == (type(error), vars(error))


def test_every_other_error_means_that_there_is_no_decision() -> None:
    """An error without words of its own keeps its status; an unknown status is INTERNAL."""
    error: ActasError = ReceiptError("the store is away")

    assert wire.error_to_proto(Outward.of(error)).status == "UNAVAILABLE"
    assert wire.error_from_proto(service_pb2.DecisionError(status="OK")).status is Status.INTERNAL
