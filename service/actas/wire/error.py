"""Why no decision was made, as a message: for the items of a batch."""

from __future__ import annotations

from actas.decision.v1 import service_pb2
from actas.errors import ActasError, EngineError, ProtocolError, Status


def error_to_proto(error: ActasError) -> service_pb2.DecisionError:
    """Say why there is no decision, in the words that a gRPC status would use."""
    if isinstance(error, ProtocolError):
        return service_pb2.DecisionError(
            status=error.status, reason=error.reason, field=error.field, message=error.message
        )
    if isinstance(error, EngineError):
        return service_pb2.DecisionError(status=error.status, reason=error.reason, message=error.message)
    return service_pb2.DecisionError(status=error.status, reason="NO_DECISION", message=str(error))


def error_from_proto(message: service_pb2.DecisionError) -> ProtocolError | EngineError:
    """Return the error that a batch item holds. A status that we do not know is INTERNAL: still no decision."""
    status = Status(message.status) if message.status in Status.__members__ else Status.INTERNAL
    if status in (Status.INVALID_ARGUMENT, Status.RESOURCE_EXHAUSTED):
        return ProtocolError(message.field, message.message, status=status, reason=message.reason)
    return EngineError(message.message, status=status, reason=message.reason)
