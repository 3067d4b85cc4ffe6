"""A Go gRPC server that embeds OPA as a library, with the same bundle (go_embed/main.go).

It is asked with the JSON text of the finished policy input and answers with the policy's own. That favours it: Actas
decodes an exchange, checks it, derives the facts and checks and completes the answer, while here all of that is left
to the caller and costs the server nothing. Doing it in Go would mean to write Actas a second time.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import grpc
from google.protobuf.wrappers_pb2 import BytesValue

from actas.policy.bundle import CompiledPolicy
from actas.request import ExchangeRequest
from peers import go_tools, processes, protosets
from peers.peer import Load, Peer
from peers.questions import effect_of, question

METHOD = "actas.benchmark.v1.PolicyService/Decide"
# As with OPA over REST: the policy's own answer, unchecked.
LACKS = ("receipt",)


def start(stack: ExitStack, folder: Path, compiled: CompiledPolicy, base: ExchangeRequest) -> Peer:
    """Start the server with the bundle of *compiled*; raises `PeerMissingError` where it cannot be built."""
    command = [go_tools.go_embed(), "-bundle", compiled.path]
    server = stack.enter_context(processes.serving(command, folder / "go_embed.log", processes.first_line))
    channel = stack.enter_context(grpc.insecure_channel(server.address))
    ask = channel.unary_unary(
        f"/{METHOD}", request_serializer=BytesValue.SerializeToString, response_deserializer=BytesValue.FromString
    )

    def effect(request: ExchangeRequest) -> str:
        return effect_of(json.loads(ask(_message(request), timeout=30).value))

    load = Load("grpc", METHOD, _message(base).SerializeToString(), protosets.of_go_embed(folder))
    return Peer("go_embed", server, load, LACKS, effect)


def _message(request: ExchangeRequest) -> BytesValue:
    return BytesValue(value=json.dumps(question(request)).encode())
