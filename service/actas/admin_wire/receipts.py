"""Receipts, filters and figures as messages of `actas.admin.v1`, and back."""

from __future__ import annotations

import json
from typing import Any

from actas.admin.v1 import receipts_pb2
from actas.errors import ProtocolError
from actas.receipts.answers import AgentVersion
from actas.receipts.filters import ReceiptFilter
from actas.receipts.kept import KeptReceipt
from actas.wire.values import moment_of, timestamp_of

_TEXTS = ("actor", "subject", "subject_issuer", "target", "task_id", "effect", "code")


def filter_from_proto(message: receipts_pb2.ReceiptFilter) -> ReceiptFilter:
    """Read which receipts are wanted; raises ProtocolError."""
    since = moment_of(message.since, "filter.since") if message.HasField("since") else None
    until = moment_of(message.until, "filter.until") if message.HasField("until") else None
    texts = {name: getattr(message, name) for name in _TEXTS}
    return ReceiptFilter(**texts, since=since, until=until, unreported=message.unreported)


def filter_to_proto(wanted: ReceiptFilter) -> receipts_pb2.ReceiptFilter:
    """Write which receipts are wanted."""
    message = receipts_pb2.ReceiptFilter(**{name: getattr(wanted, name) for name in _TEXTS})
    message.unreported = wanted.unreported
    if wanted.since is not None:
        message.since.CopyFrom(timestamp_of(wanted.since))
    if wanted.until is not None:
        message.until.CopyFrom(timestamp_of(wanted.until))
    return message


def receipt_to_proto(receipt: KeptReceipt) -> receipts_pb2.Receipt:
    """Write one receipt."""
    # Whatever strings are in it: a lone surrogate is escaped.
    return receipts_pb2.Receipt(decision_id=receipt.decision_id, document_json=json.dumps(receipt.to_document()))


def receipt_from_proto(message: receipts_pb2.Receipt) -> KeptReceipt:
    """Read one receipt; raises ProtocolError where it is none."""
    try:
        document: dict[str, Any] = json.loads(message.document_json)
        outcome, writer, seq = document.pop("outcome", {}), int(document.pop("writer")), int(document.pop("seq"))
        receipt = KeptReceipt(writer, seq, document, outcome)
        float(document["evaluated_at"])
    except (ValueError, TypeError, AttributeError, KeyError):
        raise ProtocolError("receipts.document_json", "is no receipt") from None
    if receipt.decision_id != message.decision_id:
        raise ProtocolError("receipts.decision_id", "is that of another receipt")
    return receipt


def agent_version_to_proto(version: AgentVersion) -> receipts_pb2.AgentVersion:
    """Write what was decided for one version of an agent."""
    return receipts_pb2.AgentVersion(
        agent=version.agent,
        version=version.version,
        decisions=version.decisions,
        denied=version.denied,
        narrowed=version.narrowed,
        step_ups=version.step_ups,
        codes=[receipts_pb2.CodeCount(code=code, count=count) for code, count in version.codes],
    )


def agent_version_from_proto(message: receipts_pb2.AgentVersion) -> AgentVersion:
    """Read what was decided for one version of an agent."""
    codes = tuple((entry.code, entry.count) for entry in message.codes)
    return AgentVersion(
        message.agent, message.version, message.decisions, message.denied, message.narrowed, message.step_ups, codes
    )
