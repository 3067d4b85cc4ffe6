"""Times, durations and Structs as plain values. Every error is a ProtocolError naming the field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from actas import struct_json, timestamps
from actas.errors import ProtocolError

MAX_DURATION = 315_576_000_000  # google.protobuf.Duration, about 10,000 years
_NANOS = 1_000_000_000


def time_of(timestamp: Timestamp, field: str) -> int:
    """Return whole seconds since the epoch, a fraction rounded down: what ends, ends no later."""
    if not timestamps.EARLIEST <= timestamp.seconds <= timestamps.LATEST or not 0 <= timestamp.nanos < _NANOS:
        raise ProtocolError(field, "not a valid Timestamp")
    return timestamp.seconds


def moment_of(timestamp: Timestamp, field: str) -> float:
    """Return seconds since the epoch with their fraction."""
    return time_of(timestamp, field) + timestamp.nanos / _NANOS


def timestamp_of(seconds: float) -> Timestamp:
    """Return *seconds* since the epoch as a Timestamp."""
    whole = math.floor(seconds)
    nanos = round((seconds - whole) * _NANOS)
    return Timestamp(seconds=whole + nanos // _NANOS, nanos=nanos % _NANOS)


def seconds_of(duration: Duration, field: str) -> int | float:
    """Return a duration in seconds, an integer when it is a whole number of them."""
    seconds, nanos = duration.seconds, duration.nanos
    if abs(seconds) > MAX_DURATION or abs(nanos) >= _NANOS or (seconds and nanos and (seconds < 0) != (nanos < 0)):
        raise ProtocolError(field, "not a valid Duration")
    return seconds + nanos / _NANOS if nanos else seconds


def duration_of(seconds: object) -> Duration | None:
    """Return *seconds* as a Duration, or None when no Duration says exactly that."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not abs(seconds) <= MAX_DURATION:
        return None
    whole = int(seconds)
    nanos = round((seconds - whole) * _NANOS)
    if abs(nanos) >= _NANOS or whole + nanos / _NANOS != seconds:
        return None
    return Duration(seconds=whole, nanos=nanos)


def object_of(struct: Struct, field: str) -> dict[str, Any]:
    """Return a Struct as a dict with whole numbers as integers."""
    # A text that is not empty is the kind that is set, and most members of a header are texts.
    members = {name: value.string_value or _value_of(value, field) for name, value in struct.fields.items()}
    # Texts of a message are valid, so there is nothing to check in them.
    if set(map(type, members.values())) <= {str}:
        return members
    return struct_json.checked(members, field)


def _value_of(value: Value, field: str) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "null_value":
        return None
    if kind == "struct_value":
        return {name: _value_of(entry, field) for name, entry in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_value_of(entry, field) for entry in value.list_value.values]
    raise ProtocolError(field, "holds a value that is not set")


def struct_of(members: Mapping[str, Any], field: str) -> Struct:
    """Return *members* as a Struct; ProtocolError when a number would not be exact in it."""
    return Struct(fields={name: _to_value(value) for name, value in struct_json.checked(members, field).items()})


def _to_value(value: Any) -> Value:
    if value is None:
        return Value(null_value=NullValue.NULL_VALUE)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, str):
        return Value(string_value=value)
    if isinstance(value, (int, float)):
        return Value(number_value=value)
    if isinstance(value, list):
        return Value(list_value=ListValue(values=map(_to_value, value)))
    return Value(struct_value=Struct(fields={name: _to_value(entry) for name, entry in value.items()}))
