"""Document, request and message hold the same, whatever is in them; garbage is refused and nothing else happens."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actas import wire
from actas.decision.v1 import decision_pb2, request_pb2
from actas.document import from_document, parse_document, to_document
from actas.errors import ProtocolError
from actas.limits import RequestLimits

LIMITS = RequestLimits()
VECTORS = [
    json.loads(line)["request"]
    for line in (Path(__file__).parents[1] / "vectors" / "exchange.jsonl").read_text(encoding="utf-8").splitlines()
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
header_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
times = st.integers(-62_135_596_800, 253_402_300_799)
booleans = st.booleans()


def objects(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return documents that have any of *members*; null stands for absent."""
    return st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in members.items()})


def with_json(
    objects_: st.SearchStrategy[dict[str, Any]], name: str, values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Add a JSON value to each object, as a value, as text or not at all."""
    written: st.SearchStrategy[dict[str, Any]] = st.just({}) | values.map(lambda value: {name: value})
    written |= values.map(lambda value: {f"{name}_json": json.dumps(value, indent=1)})
    return st.builds(lambda members, extra: {**members, **extra}, objects_, written)


tokens = with_json(
    objects(
        token_type=texts, credential_class=texts, verified=booleans, kind=texts, bundle_trust_domain=texts,
        pop_jkt=texts, unverified_token=texts, header=st.dictionaries(names, header_values, max_size=4),
    ),
    "claims",
    json_values,
)  # fmt: skip
approvals = with_json(
    objects(
        id=texts, verified=booleans, status=texts, subject=texts, actor=texts, client_id=texts, target=texts,
        scope=texts, approver=texts, approved_until=times,
    ),
    "authorization_details",
    json_values,
) | objects(jws=texts)  # fmt: skip
documents = with_json(
    st.builds(
        lambda server, members: {"authorization_server": server, **members},
        texts.filter(bool),
        st.fixed_dictionaries({}, optional={"grant_type": texts}),
    ),
    "authorization_details",
    json_values,
).flatmap(
    lambda base: objects(
        request_id=texts,
        client=objects(
            client_id=texts, authenticated=booleans, confidential=booleans, auth_method=texts, proof_jkt=texts,
            display_name=texts, tenant=texts,
        ),
        subject_token=tokens,
        actor_token=tokens,
        actor_workload=objects(spiffe_id=texts, jwt_svid=texts, x509_svid=st.lists(st.just("AAEC"), max_size=2)),
        requested_token_type=texts | st.lists(texts, min_size=1, max_size=2),
        resource=st.lists(texts, max_size=4),
        audience=st.lists(texts, max_size=4),
        scope=texts | st.lists(texts, min_size=1, max_size=2),
        requested_lifetime=json_values | st.floats(),
        approvals=st.lists(approvals, max_size=2),
        consents=st.lists(
            objects(
                verified=booleans, iss=texts, sub=texts, client_id=texts, actor=texts, scope=texts, until=times,
                authorization_server=texts,
            ),
            max_size=2,
        ),
        code=objects(sub=texts, client_id=texts, requested_actor=texts, stage=texts),
        context=objects(purpose=texts, task_id=texts, ip=texts, request_path=st.lists(texts, max_size=3)),
        duplicate_parameters=st.lists(texts, max_size=3),
    ).map(lambda members: {**base, **members})
)  # fmt: skip


@given(documents)
def test_a_document_travels_as_a_message_without_loss(document: dict[str, Any]) -> None:
    """Document, request, bytes, request and document again say the same, types included."""
    request = from_document(document, LIMITS)
    data = wire.request_to_proto(request).SerializeToString()
    arrived = wire.request_from_proto(wire.decode(request_pb2.DecideRequest, data), LIMITS)
    written = to_document(arrived)

    assert arrived == request
    # Equality takes True for 1; the text of both does not. A Struct does not keep the order of its members.
    assert json.dumps(written, sort_keys=True) == json.dumps(to_document(request), sort_keys=True)
    assert from_document(written, LIMITS) == request


@given(documents)
def test_a_document_is_the_same_as_value_and_as_text(document: dict[str, Any]) -> None:
    """The command line, which reads text, and a fixture, which holds values, ask the same question."""
    request = from_document(document, LIMITS)

    assert from_document(json.dumps(document), LIMITS) == request
    assert parse_document(json.dumps(document, ensure_ascii=False).encode(), limits=LIMITS) == request


@given(st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    """No bytes make the readers raise anything but ProtocolError."""
    for read in (
        lambda: wire.request_from_proto(wire.decode(request_pb2.DecideRequest, data), LIMITS),
        lambda: wire.decision_from_proto(wire.decode(decision_pb2.Decision, data)),
        lambda: parse_document(data, limits=LIMITS),
        lambda: parse_document(data, yaml=True, limits=LIMITS),
    ):
        with contextlib.suppress(ProtocolError):
            read()


@given(st.sampled_from(VECTORS), st.data())
def test_a_damaged_message_is_read_or_refused(vector: dict[str, Any], data: st.DataObject) -> None:
    """Bytes changed anywhere in a real message make no other error, and what is read can be written."""
    damaged = bytearray(wire.request_to_proto(from_document(vector, LIMITS)).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        request = wire.request_from_proto(wire.decode(request_pb2.DecideRequest, bytes(damaged)), LIMITS)
    except ProtocolError:
        return

    assert wire.request_from_proto(wire.request_to_proto(request), LIMITS) == request


@given(st.sampled_from(VECTORS), json_values, st.data())
def test_a_damaged_document_is_read_or_refused(vector: dict[str, Any], value: Any, data: st.DataObject) -> None:
    """Any value in any place makes no other error, and what is read can be written and sent."""
    document = json.loads(json.dumps(vector))
    place = document
    while True:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or not place[name] or data.draw(st.booleans()):
            break
        place = place[name]
    place[data.draw(st.just(name) | names)] = value
    try:
        request = from_document(document, LIMITS)
    except ProtocolError:
        return

    assert from_document(to_document(request), LIMITS) == request
    assert wire.request_from_proto(wire.request_to_proto(request), LIMITS) == request


@given(st.text(st.sampled_from("{}[]\",:\\u0d8aentrf1e-. \n#&*!|>?'%\t\ud800"), max_size=200))
def test_random_json_and_yaml_is_read_or_refused(text: str) -> None:
    """Text made of the characters that matter makes no other error."""
    data = text.encode(errors="surrogatepass")
    for document, yaml in (
        (b'{"authorization_server": "a", "subject_token": {"claims": ' + data + b"}}", False),
        (b"authorization_server: a\nsubject_token:\n  claims: " + data, True),
        (data, False),
        (data, True),
    ):
        try:
            request = parse_document(document, yaml=yaml, limits=LIMITS)
        except ProtocolError:
            continue

        assert from_document(to_document(request), LIMITS) == request
