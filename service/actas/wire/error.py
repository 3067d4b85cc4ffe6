"""Why no decision was made, as a message: for the items of a batch."""

from __future__ import annotations

from typing import Protocol

from actas.decision.v1 import service_pb2
from actas.errors import EngineError, ProtocolError, Status

_OVER_LIMIT = frozenset({"CALLER_RATE_LIMITED", "CALLER_CONCURRENCY_LIMITED"})


class Told(Protocol):
    """An error in the words that a gRPC status would use."""

    @property
    def status(self) -> Status:
        """The gRPC status."""

    @property
    def reason(self) -> str:
        """The stable word of `google.rpc.ErrorInfo`."""

    @property
    def field(self) -> str:
        """The member that is wrong; empty when none is."""

    @property
    def message(self) -> str:
        """The sentence for a person."""


def error_to_proto(told: Told) -> service_pb2.DecisionError:
    """Say in a batch item why there is no decision."""
    return service_pb2.DecisionError(
        status=told.status.value, reason=told.reason, field=told.field, message=told.message
    )


def error_from_proto(message: service_pb2.DecisionError) -> ProtocolError | EngineError:
    """Return the error that a batch item holds. A status that we do not know is INTERNAL: still no decision."""
    status = Status(message.status) if message.status in Status.__members__ else Status.INTERNAL
    # Too big a request can be made smaller; a caller that asks too much is told so by a reason.
    too_much = message.reason in _OVER_LIMIT
    if status in (Status.INVALID_ARGUMENT, Status.RESOURCE_EXHAUSTED) and not too_much:
        return ProtocolError(message.field, message.message, status=status, reason=message.reason)
    return EngineError(message.message, status=status, reason=message.reason)
