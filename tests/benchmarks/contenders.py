"""What is measured: a server, what it is sent, by how many callers at once, and how to see what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
from generators import CONNECTIONS
from load import effect
from peers import protosets, vectors
from peers.peer import Load, Peer
from servers import Server

DECIDE = "actas.decision.v1.DecisionService/Decide"
DECIDE_BATCH = "actas.decision.v1.DecisionService/DecideBatch"


@dataclass(frozen=True, slots=True)
class Contender:
    """One line of the report. *decisions* is how many a call asks for; *effect* asks once, through a real client."""

    name: str
    server: Server
    load: Load
    callers: int
    effect: Callable[[], str]
    decisions: int = 1
    connections: int = CONNECTIONS


def actas(
    name: str,
    server: Server,
    folder: Path,
    message: bytes,
    *,
    callers: int,
    batch: int = 0,
    connections: int = CONNECTIONS,
) -> Contender:
    """Give Actas, asked with *message*: one exchange, or a `DecideBatchRequest` of *batch* of them."""
    method = DECIDE_BATCH if batch else DECIDE

    def ask_once() -> str:
        with grpc.insecure_channel(server.address) as channel:
            ask = channel.unary_unary(f"/{method}", request_serializer=bytes, response_deserializer=bytes)
            return effect(method, ask(message, timeout=30))

    load = Load("grpc", method, message, protosets.of_actas(folder))
    return Contender(name, server, load, callers, ask_once, batch or 1, connections)


def peer(found: Peer, *, callers: int) -> Contender:
    """Give a peer, asked for the exchange that everybody is measured with."""

    def ask_once() -> str:
        return found.effect(vectors.base().request(vectors.now()))

    return Contender(f"{found.name}_{callers}", found.server, found.load, callers, ask_once)
