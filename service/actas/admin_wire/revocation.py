"""Revocations to their messages and back. Members are named in messages as in documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from actas import strict_json
from actas.admin.v1 import revocation_pb2
from actas.errors import ProtocolError
from actas.receipts.delegations import LiveDelegation
from actas.revocation.change import Recorded
from actas.wire.values import moment_of, time_of, timestamp_of

_TEXTS = ("kind", "sub", "iss", "sid", "id", "client_id", "authorization_server", "actor", "jti", "txn", "reason")
_TIMES = ("event_timestamp", "until")
_MAX_CLAIMS_BYTES, _MAX_CLAIMS_DEPTH = 64 * 1024, 64


def revocation_from_proto(message: revocation_pb2.Revocation, field: str) -> dict[str, Any]:
    """Give the document that *message* says, which is not checked yet; raises ProtocolError, which names the member."""
    document: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(message, name))}
    for name in _TIMES:
        if message.HasField(name):
            document[name] = moment_of(getattr(message, name), f"{field}.{name}")
    if message.claims_json:
        claims = strict_json.parse(
            message.claims_json.encode(),
            f"{field}.claims_json",
            max_bytes=_MAX_CLAIMS_BYTES,
            max_depth=_MAX_CLAIMS_DEPTH,
        )
        if not claims.well_formed or not isinstance(claims.value, dict):
            raise ProtocolError(f"{field}.claims_json", "must be a JSON object, each member once")
        document["claims"] = claims.value
    return document


def revocation_to_proto(entry: Mapping[str, Any]) -> revocation_pb2.Revocation:
    """Give the message of a valid *entry*."""
    message = revocation_pb2.Revocation(**{name: entry[name] for name in _TEXTS if name in entry})
    for name in _TIMES:
        if name in entry:
            getattr(message, name).CopyFrom(timestamp_of(entry[name]))
    if "claims" in entry:
        message.claims_json = json.dumps(entry["claims"])
    return message


def revocations_from_proto(messages: Iterable[revocation_pb2.Revocation]) -> list[dict[str, Any]]:
    """Give the documents of the `revocations` of a question; raises ProtocolError."""
    return [revocation_from_proto(message, f"revocations[{place}]") for place, message in enumerate(messages)]


def active_to_proto(recorded: Recorded) -> revocation_pb2.ActiveRevocation:
    """Give the message of a revocation with its place in the record."""
    change = recorded.change
    return revocation_pb2.ActiveRevocation(
        revocation=revocation_to_proto(change.entry),
        version=recorded.version,
        recorded_at=timestamp_of(change.at),
        recorded_by=change.by,
    )


def active_from_proto(message: revocation_pb2.ActiveRevocation) -> dict[str, Any]:
    """Give the revocation with `version`, `recorded_at` (seconds since the epoch) and `recorded_by`."""
    return {
        **revocation_from_proto(message.revocation, "revocation"),
        "version": message.version,
        "recorded_at": moment_of(message.recorded_at, "recorded_at"),
        "recorded_by": message.recorded_by,
    }


def live_to_proto(live: LiveDelegation) -> revocation_pb2.LiveDelegation:
    """Give the message of live delegations."""
    return revocation_pb2.LiveDelegation(
        subject_iss=live.subject_iss,
        subject_sub=live.subject_sub,
        actor=live.actor,
        target=live.target,
        decisions=live.decisions,
        usable_until=timestamp_of(live.usable_until),
        issued_jti=live.issued_jti,
    )


def live_from_proto(message: revocation_pb2.LiveDelegation) -> LiveDelegation:
    """Give the live delegations of *message*."""
    return LiveDelegation(
        message.subject_iss,
        message.subject_sub,
        message.actor,
        message.target,
        message.decisions,
        time_of(message.usable_until, "usable_until"),
        list(message.issued_jti),
    )
