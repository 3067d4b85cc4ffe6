"""Why a client has no decision. Whatever the reason, the exchange must be refused.

ActasError
├── ProtocolError               the service found the request malformed: names the field
└── EngineError                 the service made no decision, or it did not arrive in time
    └── UnusableDecisionError   an answer came that this client does not fully understand
"""

from __future__ import annotations

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2

from actas import wire
from actas.decision.v1 import service_pb2
from actas.errors import EngineError, ProtocolError, Status

_DETAILS = "grpc-status-details-bin"


class UnusableDecisionError(EngineError):
    """An answer came, and *member* of it is not what this client knows: a restriction could be hidden there."""

    def __init__(self, member: str, problem: str) -> None:
        super().__init__(f"{member}: {problem}", status=Status.INTERNAL, reason="UNUSABLE_DECISION")
        self.member = member


def no_decision(error: grpc.RpcError) -> ProtocolError | EngineError:
    """Read what the service said when it made no decision."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    status = code() if code is not None else None
    # Nobody here cancels calls: a server that stops does, with those that it has not begun.
    name = "UNAVAILABLE" if status is grpc.StatusCode.CANCELLED else getattr(status, "name", "")
    told = service_pb2.DecisionError(
        status=name,
        message=(details() if details is not None else None) or "no answer",
        reason="NO_ANSWER",
    )
    _add_details(told, error)
    return wire.error_from_proto(told)


def _add_details(told: service_pb2.DecisionError, error: grpc.RpcError) -> None:
    metadata = getattr(error, "trailing_metadata", None)
    values = [value for name, value in (metadata() if metadata is not None else None) or () if name == _DETAILS]
    try:
        rich = status_pb2.Status.FromString(values[0]) if values else status_pb2.Status()
    except DecodeError:
        return
    # A proxy may answer in the service's place; only a status that says the same explains this one.
    if rich.code not in code_pb2.Code.values() or code_pb2.Code.Name(rich.code) != told.status:
        return
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rich.details:
        if detail.Unpack(info):
            told.reason = info.reason
        elif detail.Unpack(request) and request.field_violations:
            told.field = request.field_violations[0].field
            told.message = request.field_violations[0].description
