"""Bad input, line by line: a protocol error that names the field, or a DENY with its code; never anything else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from bad_input_lines import CANARY, SECRET, BadInput, protobuf_field, right_exchange, steps, table
from grpc import aio
from structlog.testing import capture_logs

from actas.client import AsyncDecisionClient, UnusableDecisionError
from actas.config import load
from actas.decision import Decision, Effect
from actas.decision.v1 import decision_pb2, service_pb2
from actas.document import from_document, parse_document
from actas.errors import ProtocolError
from actas.policy.workbench import Workbench
from actas.request import ExchangeRequest
from actas.server import app
from server_support import Told, send_bytes
from service_support import adopter_root

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE = table()
LINES = TABLE["lines"]
# A refusal may not cost more than an answer, on a machine that is busy with other tests.
SECONDS = 5.0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy repository that allows the right exchange."""
    return adopter_root(tmp_path_factory.mktemp("policies"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(root: Path) -> AsyncIterator[Workbench]:
    """The command line's way: documents on a checking engine."""
    async with Workbench.open([root]) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(root: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A real service."""
    pid_file = tmp_path_factory.mktemp("run") / "serve.pid"
    config = load(
        {
            "listen": ["127.0.0.1:0"],
            "policies": [root],
            "pid_file": pid_file,
            "default_timeout": 5,
            "allow_untested": True,
        }
    )
    async with app.running(config) as service:
        yield str(service.listening[0])


def texts(value: Any) -> Iterator[str]:
    """Give every string in a document that is long enough to be recognised."""
    if isinstance(value, dict):
        for child in value.values():
            yield from texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child)
    elif isinstance(value, str) and len(value) > 5 and value not in SHAPE["actor_workload"]:
        yield value[:200]  # but for a kind of token that is the name of a member, too


def assert_says_nothing(said: str, tree: Any) -> None:
    """What is told outside holds no piece of the request, no secret, and no trace of the program."""
    for text in (SECRET, CANARY, "Traceback", ".py", "object at 0x", *texts(tree)):
        assert text not in said, f"{text!r} is told"


def assert_denied(decision: Decision, code: str, tree: Any) -> None:
    """A DENY with *code* among its denials, which tells the OAuth client nothing of the request."""
    assert decision.effect is Effect.DENY
    assert code in [denial.code for denial in decision.denials]
    assert decision.limits is None
    assert_says_nothing(f"{decision.error} {decision.error_description}", tree)
    assert SECRET not in repr(decision)


def names(line: dict[str, Any]) -> str:
    """Name a line in the report."""
    return str(line["name"])


@pytest.mark.parametrize("line", LINES, ids=names)
async def test_a_line_of_the_table_as_a_document(line: dict[str, Any], bench: Workbench) -> None:
    """The exchange document is refused with the member's path, or denied with the code."""
    bad = BadInput(line)
    if not bad.in_document:
        pytest.skip("only protobuf has unknown field numbers")
    began = time.perf_counter()
    for yaml in (False, True) if bad.plain else (False,):
        if "deny" in line:
            request = parse_document(bad.document(ascii_only=yaml), yaml=yaml)
            assert_denied(await bench.decide(request), line["deny"], bad.tree)
        else:
            with pytest.raises(ProtocolError) as caught:
                parse_document(bad.document(ascii_only=yaml), yaml=yaml)
            assert (caught.value.status.value, caught.value.field) == (line["status"], line["field"])
            assert_says_nothing(str(caught.value), bad.tree)
    assert time.perf_counter() - began < SECONDS * (3 if bad.plain else 1)


@pytest.mark.parametrize("line", [line for line in LINES if line.get("grpc") is not False], ids=names)
async def test_a_line_of_the_table_over_grpc(line: dict[str, Any], address: str) -> None:
    """The message is refused with a status and the field in its details, or denied with the code."""
    bad = BadInput(line)
    expected = {**line, "field": protobuf_field(line.get("field", "")), **(line.get("grpc") or {})}
    refused = "status" in expected
    began = time.perf_counter()
    with capture_logs() as logs:
        try:
            answer = await send_bytes(address, "Decide", bad.message())
        except aio.AioRpcError as error:
            told = Told(error)
            assert refused, f"{told.code} {told.field}: {told.text}"
            assert (told.code, told.field) == (expected["status"], expected["field"])
            assert_says_nothing(f"{told.text} {told.reason}", bad.tree)
            assert_says_nothing(repr(logs), bad.tree)
        else:
            decision = service_pb2.DecideResponse.FromString(answer).decision
            assert not refused, decision_pb2.Effect.Name(decision.effect)
            assert decision.effect == decision_pb2.EFFECT_DENY
            assert line["deny"] in [denial.code for denial in decision.denials]
            assert not decision.HasField("limits")
            assert_says_nothing(f"{decision.error} {decision.error_description}", bad.tree)
            assert SECRET.encode() not in answer
            assert SECRET not in repr(logs)
    assert "internal error" not in {entry["event"] for entry in logs}
    assert time.perf_counter() - began < SECONDS


async def test_the_exchange_that_the_lines_spoil_is_allowed(bench: Workbench, address: str) -> None:
    """Each line is refused for its one change and for nothing else."""
    assert (await bench.decide(from_document(right_exchange()))).effect is Effect.ALLOW
    async with AsyncDecisionClient(address, timeout=5) as client:
        assert (await client.decide(from_document(right_exchange()))).effect is Effect.ALLOW


@pytest.mark.parametrize("line", TABLE["documents"] + TABLE["yaml_documents"], ids=names)
async def test_a_document_that_is_none_is_refused(line: dict[str, Any]) -> None:
    """Whatever the bytes, the answer is a protocol error, soon, and without a piece of them."""
    data = (line["text"] * line.get("times", 1)).encode()
    for yaml in (True,) if line in TABLE["yaml_documents"] else (False, True):
        began = time.perf_counter()
        with pytest.raises(ProtocolError) as caught:
            parse_document(data, yaml=yaml)
        assert time.perf_counter() - began < SECONDS
        assert CANARY not in str(caught.value)


# The members of contract.md, section 1, and their types. `parameter` is a string that OAuth lets come once.
SHAPE: dict[str, dict[str, str]] = {
    "": {
        "request_id": "string",
        "authorization_server": "string",
        "grant_type": "parameter",
        "client": "object",
        "subject_token": "object",
        "actor_token": "object",
        "actor_workload": "object",
        "requested_token_type": "parameter",
        "resource": "strings",
        "audience": "strings",
        "scope": "parameter",
        "approvals": "objects",
        "consents": "objects",
        "code": "object",
        "parent_decision_id": "string",
        "context": "object",
        "duplicate_parameters": "strings",
        "authorization_details": "json",
        "requested_lifetime": "json",
    },
    "client": {
        "client_id": "string",
        "authenticated": "boolean",
        "confidential": "boolean",
        "auth_method": "string",
        "proof_jkt": "string",
        "display_name": "string",
        "tenant": "string",
    },
    "subject_token": {
        "token_type": "string",
        "credential_class": "string",
        "verified": "boolean",
        "header": "object",
        "kind": "string",
        "bundle_trust_domain": "string",
        "pop_jkt": "string",
        "claims": "json",
        "unverified_token": "string",
    },
    "actor_workload": {"spiffe_id": "string", "jwt_svid": "string", "x509_svid": "strings"},
    "approvals.0": {
        "id": "string",
        "verified": "boolean",
        "status": "string",
        "subject": "string",
        "actor": "string",
        "client_id": "string",
        "target": "string",
        "scope": "string",
        "approver": "string",
        "approved_until": "time",
        "authorization_details": "json",
        "jws": "string",
    },
    "consents.0": {
        "verified": "boolean",
        "iss": "string",
        "sub": "string",
        "client_id": "string",
        "actor": "string",
        "scope": "string",
        "until": "time",
        "authorization_server": "string",
    },
    "code": {"sub": "string", "client_id": "string", "requested_actor": "string", "stage": "string"},
    "context": {"purpose": "string", "task_id": "string", "ip": "string", "request_path": "strings"},
}
SHAPE["actor_token"] = SHAPE["subject_token"]
VALUES: dict[str, Any] = {
    "null": None,
    "integer": 1,
    "fraction": 1.5,
    "string": CANARY,
    "boolean": True,
    "list": [],
    "list of strings": [CANARY],
    "list of lists": [[CANARY]],
    "object": {},
}
FITTING = {
    "string": {"string"},
    "parameter": {"string", "list", "list of strings"},
    "boolean": {"boolean"},
    "object": {"object"},
    "objects": {"list"},
    "strings": {"list", "list of strings"},
    "json": set(VALUES),
    "time": {"integer"},
}
# Null stands for an absent member, but not for one that has to be there.
REQUIRED = {"authorization_server", "grant_type"}
MATRIX = [
    (f"{part}.{name}" if part else name, kind, value)
    for part, members in SHAPE.items()
    for name, kind in members.items()
    for value in VALUES
]


def with_member(path: str, value: Any) -> dict[str, Any]:
    """Give the right exchange with *value* at *path*."""
    tree: dict[str, Any] = right_exchange()
    parent: Any = tree
    *above, name = steps(path)
    for step in above:
        if isinstance(step, str) and step not in parent:
            parent[step] = [{}] if step in ("approvals", "consents") else {}
        parent = parent[step]
    parent[name] = value
    return tree


async def test_the_matrix_has_every_member_of_the_request() -> None:
    """A member that is added to the request is added to the shape."""
    assert SHAPE[""].keys() == {field.name for field in fields(ExchangeRequest)}


@pytest.mark.parametrize(("path", "kind", "value"), MATRIX)
async def test_a_member_of_the_wrong_type_is_named(path: str, kind: str, value: str, bench: Workbench) -> None:
    """Each member, with each type of JSON: what does not fit is a protocol error, and what fits gives a decision."""
    document = with_member(path, VALUES[value])
    wrong = value not in FITTING[kind] if value != "null" else path in REQUIRED
    fitting_but_spoiled = {("actor_workload.x509_svid", "list of strings"): "actor_workload.x509_svid[0]"}
    field = fitting_but_spoiled.get((path, value), "")
    if path == "parent_decision_id" and value == "string":
        field = path
    if not wrong and not field:
        decision = await bench.decide(from_document(document))
        assert SECRET not in repr(decision)
        if kind == "json" and value != "null" and "approvals" not in path and not _is_harmless(path, value):
            assert decision.effect is Effect.DENY
        return
    with pytest.raises(ProtocolError) as caught:
        from_document(document)
    # A list that is right in its place is wrong in its first entry.
    entry = "[0]" if value.startswith("list of") and kind in ("strings", "objects", "parameter") else ""
    assert caught.value.field == (field or path.replace(".0", "[0]") + entry)
    assert caught.value.status.value == "INVALID_ARGUMENT"
    assert_says_nothing(str(caught.value), document)


def _is_harmless(path: str, value: str) -> bool:
    # No details are asked for with an empty list; one second is a lifetime, which the setting below refuses.
    return path == "authorization_details" and value == "list"


@pytest.mark.parametrize("effect", [0, 3, 7, -1, 2**31 - 1])
async def test_an_effect_that_the_client_does_not_know_is_no_decision(effect: int) -> None:
    """A client that was made before a new effect refuses it, and so it does one that is not set."""
    decision = decision_pb2.Decision(decision_id="d-1", request_id="r-1", policy={"revision": "r"})
    decision.effect = effect  # type: ignore[assignment]  # enums of proto3 are open
    answer = service_pb2.DecideResponse(decision=decision).SerializeToString()

    async def decide(_data: bytes, _context: Any) -> bytes:
        return answer

    server = aio.server()
    handlers = {"Decide": _unary(decide)}
    server.add_generic_rpc_handlers((_handler(handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with AsyncDecisionClient(f"127.0.0.1:{port}", timeout=5) as client:
            with pytest.raises(UnusableDecisionError):
                await client.decide(from_document(right_exchange()))
    finally:
        await server.stop(None)


def _unary(method: Any) -> Any:
    import grpc

    return grpc.unary_unary_rpc_method_handler(method)


def _handler(methods: dict[str, Any]) -> Any:
    import grpc

    return grpc.method_handlers_generic_handler("actas.decision.v1.DecisionService", methods)
