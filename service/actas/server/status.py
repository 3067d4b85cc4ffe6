"""Errors as gRPC tells them: a status with `google.rpc.ErrorInfo` and `BadRequest` (contract.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from actas.errors import ActasError, EngineError, ProtocolError, ReceiptError, Status, StoreError

DOMAIN: Final = "actas"

Trailer = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Status(grpc.Status):
    """What `abort_with_status` reads."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Outward:
    """What a caller is told of an error: never request text, never a stack."""

    status: Status
    message: str
    reason: str
    field: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Outward:
        """Say what *error* means; an error that nobody foresaw says nothing but `INTERNAL`."""
        if isinstance(error, ProtocolError):
            return cls(error.status, error.message, error.reason, error.field)
        if isinstance(error, EngineError):
            return cls(error.status, error.message, error.reason)
        if isinstance(error, StoreError):
            # Where the store is, and what it said, is in the log.
            return cls(error.status, "the store does not answer", "STORE_UNAVAILABLE")
        if isinstance(error, TimeoutError):
            return cls(Status.DEADLINE_EXCEEDED, "no decision was made in time", "DEADLINE_EXCEEDED")
        if isinstance(error, ActasError):
            reason = "DECISION_NOT_RECORDED" if isinstance(error, ReceiptError) else "NO_DECISION"
            return cls(error.status, str(error), reason)
        return cls(Status.INTERNAL, "no decision was made: internal error", "INTERNAL")

    def to_grpc(self, trailer: Trailer = ()) -> grpc.Status:
        """Give it the form that `abort_with_status` takes, with *trailer* beside the details."""
        text = f"{self.field}: {self.message}" if self.field else self.message
        status = status_pb2.Status(code=code_pb2.Code.Value(self.status.value), message=text)
        _add(status, error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN))
        if self.field:
            violation = error_details_pb2.BadRequest.FieldViolation(
                field=self.field, description=self.message, reason=self.reason
            )
            _add(status, error_details_pb2.BadRequest(field_violations=[violation]))
        outward = rpc_status.to_status(status)
        return _Status(outward.code, outward.details, (*outward.trailing_metadata, *trailer)) if trailer else outward


def _add(status: status_pb2.Status, detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)
