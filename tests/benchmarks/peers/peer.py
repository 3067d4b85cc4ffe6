"""What a contender of the benchmark is: a running server, how it is asked, and what it cannot answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from servers import Server

from actas.request import ExchangeRequest


@dataclass(frozen=True, slots=True)
class Load:
    """How a load generator asks: ghz for gRPC, wrk for HTTP."""

    protocol: Literal["grpc", "http"]
    method: str
    """`actas.decision.v1.DecisionService/Decide`, or the path of the URL with its query."""
    request: bytes
    """The serialized message, or the JSON body."""
    protoset: Path | None
    """The descriptors that ghz needs for gRPC."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One contender, started and ready."""

    name: str
    server: Server
    load: Load
    """The base exchange of `vectors.py`, which is allowed for a day."""
    lacks: tuple[str, ...]
    """What it cannot return at all, of: scope, audience, lifetime, act, obligations, reasons, receipt."""
    effect: Callable[[ExchangeRequest], str]
    """Ask for one exchange over the wire; gives ALLOW or DENY."""
