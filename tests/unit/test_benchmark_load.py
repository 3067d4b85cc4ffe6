"""A contender that denies or fails must end the benchmark: it would look fast."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import contenders
import generators
import grpc
import psutil
import pytest
from generators import RefusedError
from measuring import Sender, measure
from peers.peer import Load
from servers import Server

from actas.decision.v1 import decision_pb2, service_pb2, service_pb2_grpc

DECIDE = "actas.decision.v1.DecisionService/Decide"
BATCH = "actas.decision.v1.DecisionService/DecideBatch"
ALLOW, DENY = decision_pb2.EFFECT_ALLOW, decision_pb2.EFFECT_DENY


class Answering(service_pb2_grpc.DecisionServiceServicer):
    """Answers with its effects in turn, again and again; fails where one is None."""

    def __init__(self, effects: list[int | None]) -> None:
        self._effects, self._turn = effects, 0

    def Decide(self, _request, context):  # noqa: N802 - the contract's name
        """Answer."""
        effect = self._effects[self._turn % len(self._effects)]
        self._turn += 1
        if effect is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "no engine")
        return service_pb2.DecideResponse(decision=decision_pb2.Decision(effect=effect))

    def DecideBatch(self, _request, _context):  # noqa: N802 - the contract's name
        """Answer with one item an effect."""
        items = [service_pb2.DecideBatchItem(decision=decision_pb2.Decision(effect=effect)) for effect in self._effects]
        return service_pb2.DecideBatchResponse(items=items)


@contextmanager
def grpc_server(*effects: int | None) -> Iterator[str]:
    """Serve *effects*."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    service_pb2_grpc.add_DecisionServiceServicer_to_server(Answering(list(effects)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)


@contextmanager
def http_server(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer, as OPA's REST interface would."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(method: str, address: str) -> generators.Sent:
    """Send ten calls and the warm-up."""
    protocol = "grpc" if "Decision" in method else "http"
    return generators.python(Load(protocol, method, b"", None), address, callers=1, calls=10)


def test_allows_are_counted() -> None:
    """The warm-up is part of what the server did."""
    with grpc_server(ALLOW) as address:
        assert send(DECIDE, address).calls == 14


@pytest.mark.parametrize("effects", [[DENY], [None], [ALLOW] * 12 + [DENY], [ALLOW] * 12 + [None], [0]])
def test_one_answer_that_is_no_allow_ends_the_run(effects: list[int | None]) -> None:
    """A deny, an error or no effect, though it be the only one."""
    with grpc_server(*effects) as address, pytest.raises(RefusedError):
        send(DECIDE, address)


@pytest.mark.parametrize("effects", [[ALLOW, DENY], [ALLOW, None], []])
def test_one_item_of_a_batch_that_is_no_allow_ends_the_run(effects: list[int | None]) -> None:
    """The others do not outvote it, and an empty batch allows nothing."""
    with grpc_server(*effects) as address, pytest.raises(RefusedError):
        send(BATCH, address)


def test_a_server_that_is_gone_ends_the_run() -> None:
    """Nothing answers on this port any more."""
    with grpc_server(ALLOW) as address:
        pass
    with pytest.raises(RefusedError):
        send(DECIDE, address)


REST = [(200, b'{"result":{"effect":"DENY"}}'), (500, b'{"result":{"effect":"ALLOW"}}'), (200, b"{}")]


@pytest.mark.parametrize(("status", "body"), REST)
def test_rest_without_an_allow_ends_the_run(status: int, body: bytes) -> None:
    """A deny, an error, and no answer at all."""
    with http_server(status, body) as address, pytest.raises(RefusedError):
        send("/v1/data", address)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
@pytest.mark.parametrize(("status", "body"), REST)
def test_wrk_looks_into_every_answer(status: int, body: bytes) -> None:
    """The same with wrk."""
    with http_server(status, body) as address, pytest.raises(RefusedError):
        generators.wrk(Load("http", "/v1/data", b"{}", None), address, callers=2, calls=10)


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_wrk_ends_when_it_has_counted_its_answers() -> None:
    """It is not left to run for the time that it is given."""
    with http_server(200, b'{"result":{"effect":"ALLOW"}}') as address:
        sent = generators.wrk(Load("http", "/v1/data", b"{}", None), address, callers=2, calls=10)
    assert sent.calls == 11
    assert sent.seconds < 30


@pytest.mark.parametrize("effects", [[DENY], [ALLOW, DENY], [ALLOW] * 12 + [DENY]])
def test_a_contender_that_denies_has_no_figures(tmp_path: Path, effects: list[int | None]) -> None:
    """Not in the look before a block, nor within it; the sentence names it."""
    with grpc_server(*effects) as address, pytest.raises(RefusedError, match=r"late.*DENY"):
        measure(_contender(tmp_path, address), 10, Sender(None))


def test_a_contender_that_allows_has_figures_of_each_decision(tmp_path: Path) -> None:
    """CPU is divided by all decisions that it was asked for, and the generator's is noted beside it."""
    with grpc_server(ALLOW) as address:
        block = measure(_contender(tmp_path, address), 10, Sender(None))
    assert block.cpu_ms > 0
    assert block.generator_cpu_ms > 0
    assert block.p50_ms <= block.p90_ms <= block.p99_ms


def _contender(folder: Path, address: str) -> contenders.Contender:
    return contenders.actas("late", Server(psutil.Process(), address), folder, b"", callers=1)
