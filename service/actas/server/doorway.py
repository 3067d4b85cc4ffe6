"""What every servicer does with a call: bytes become a message, the deadline seconds, methods a handler."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from actas import wire
from actas.errors import ProtocolError
from actas.limits import RequestLimits
from actas.server.interceptors import Context

M = TypeVar("M", bound=Message)
Method = Callable[[bytes, Context], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Doorway:
    """What bounds a call.

    Timeouts are seconds: without a deadline of the caller, and the longest one, whatever the deadline.
    """

    limits: RequestLimits
    default_timeout: float
    max_timeout: float

    def parse(self, kind: type[M], data: bytes) -> M:
        """Read *data* as a message of *kind*.

        Raises:
            ProtocolError: it is none, or too large.

        """
        self.limits.check_message(len(data))
        return wire.decode(kind, data)

    def end(self, context: Context) -> float:
        """Say when the call of *context* must have ended, on the monotonic clock."""
        remaining = context.time_remaining()
        allowed = self.default_timeout if remaining is None else min(remaining, self.max_timeout)
        return time.monotonic() + allowed


def handler_of(service: str, methods: Mapping[str, Method]) -> grpc.GenericRpcHandler[Any, Any]:
    """Give what a gRPC server calls for the unary *methods* of *service*.

    Requests arrive as bytes: gRPC would report a broken one as INTERNAL.
    """
    return grpc.method_handlers_generic_handler(
        service,
        {
            name: grpc.unary_unary_rpc_method_handler(method, response_serializer=_to_bytes)
            for name, method in methods.items()
        },
    )


def refuse_unknown(envelope: Message) -> None:
    """Refuse unknown fields of the envelope; those of the requests inside are the requests' own errors."""
    unknown = UnknownFieldSet(envelope)
    if len(unknown):
        raise ProtocolError(f"#{unknown[0].field_number}", "unknown field", reason="UNKNOWN_FIELD")


def _to_bytes(response: Any) -> bytes:
    return bytes(response.SerializeToString())
