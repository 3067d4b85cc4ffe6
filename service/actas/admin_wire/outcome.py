"""Reports of outcomes as messages of `actas.admin.v1`, and back."""

from __future__ import annotations

from actas.admin.v1 import receipts_pb2
from actas.receipts.outcome import Outcome


def outcome_from_proto(message: receipts_pb2.Outcome) -> Outcome:
    """Read what is reported; raises ProtocolError."""
    return Outcome(
        message.issued if message.HasField("issued") else None,
        message.issued_jti,
        message.issued_digest,
        message.side_effect,
        message.detail,
    )


def outcome_to_proto(outcome: Outcome) -> receipts_pb2.Outcome:
    """Write what is reported."""
    return receipts_pb2.Outcome(**outcome.to_document())
