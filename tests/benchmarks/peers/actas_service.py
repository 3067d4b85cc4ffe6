"""Asking a service that speaks Actas' own contract: Actas itself, and the peers that are built from its parts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import grpc
from servers import HERE as BENCHMARKS
from servers import Server, service

from actas import wire
from actas.client import DecisionClient
from actas.decision.v1 import service_pb2_grpc
from actas.request import ExchangeRequest
from peers import processes, protosets
from peers.peer import Load, Peer

METHOD = "actas.decision.v1.DecisionService/Decide"
ALL = ("scope", "audience", "lifetime", "act", "obligations", "reasons", "receipt")


def effect_by(stack: ExitStack, server: Server, *, timeout: float = 30.0) -> Callable[[ExchangeRequest], str]:
    """Give the function that asks *server*, with Actas' own client and *timeout* seconds for a call."""
    client = DecisionClient(server.address, timeout=timeout)
    stack.callback(client.close)
    return lambda request: client.decide(request).effect.name


def one_call(stack: ExitStack, folder: Path, root: Path, base: ExchangeRequest) -> Peer:
    """Start the service that asks OPA once per request, through opa-python-client (one_call.py)."""
    server = stack.enter_context(service(root, folder, engine="sidecar", one_call=True))
    return Peer("one_call", server, _load(folder, base), (), effect_by(stack, server))


def grpc_echo(stack: ExitStack, folder: Path, base: ExchangeRequest, decider: Server) -> Peer:
    """Start the bare Python gRPC server: it reads the request and sends the answer that *decider* gave for *base*.

    It decides nothing, so it is the floor under every Python gRPC service and no peer that could be used.
    """
    answer = folder / "echo-answer.bin"
    with grpc.insecure_channel(decider.address) as channel:
        decided = service_pb2_grpc.DecisionServiceStub(channel).Decide(wire.request_to_proto(base), timeout=30)
    answer.write_bytes(decided.SerializeToString())
    command = [sys.executable, Path(__file__).with_name("echo_server.py"), answer]
    environment = {"PYTHONPATH": str(BENCHMARKS.parents[1] / "service")}
    server = stack.enter_context(
        processes.serving(command, folder / "grpc_echo.log", processes.first_line, environment)
    )
    channel = stack.enter_context(grpc.insecure_channel(server.address))
    stub = service_pb2_grpc.DecisionServiceStub(channel)

    def effect(request: ExchangeRequest) -> str:
        echoed = stub.Decide(wire.request_to_proto(request), timeout=30)
        return wire.decision_from_proto(echoed.decision).effect.name

    return Peer("grpc_echo", server, _load(folder, base), ALL, effect)


def _load(folder: Path, base: ExchangeRequest) -> Load:
    message = wire.request_to_proto(base).SerializeToString()
    return Load("grpc", METHOD, message, protosets.of_actas(folder))
