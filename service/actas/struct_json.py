"""JSON objects that travel as `google.protobuf.Struct`: JOSE headers and obligation properties.

A Struct holds every number as a double and stops decoding near 34 levels. Both dresses of a message keep
to what both can hold, so that they cannot come to differ.
"""

from __future__ import annotations

from typing import Any

from actas.errors import ProtocolError

MAX_NESTING = 16
MAX_INTEGER = 2**53  # up to here a double is exact


def checked(value: object, field: str) -> dict[str, Any]:
    """Return the object *value* with whole numbers as integers.

    Raises ProtocolError naming *field* when it is no object, is nested deeper than 16 levels, repeats a
    member, or holds a number that a double cannot hold exactly.
    """
    if not isinstance(value, dict):
        raise ProtocolError(field, "must be an object")
    members: dict[str, Any] = _value(value, field, 1)
    return members


def _value(value: object, field: str, depth: int) -> Any:
    if isinstance(value, (str, bool)) or value is None:
        if isinstance(value, str) and not is_text(value):
            raise ProtocolError(field, "a lone surrogate is not text")
        return value
    if isinstance(value, (int, float)):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ProtocolError(field, "a number beyond 2^53 is not exact")
        return int(value) if value == int(value) else value
    if depth > MAX_NESTING:
        raise ProtocolError(field, f"nested deeper than {MAX_NESTING} levels", reason="LIMIT_EXCEEDED")
    if isinstance(value, list):
        return [_value(child, field, depth + 1) for child in value]
    if isinstance(value, dict):
        members = {_name(name, field): _value(child, field, depth + 1) for name, child in value.items()}
        # The items of an object with repeated names are more than its look-ups.
        if len(members) != len(list(value.items())):
            raise ProtocolError(field, "a member occurs more than once")
        return members
    raise ProtocolError(field, "not a JSON value")


def _name(name: object, field: str) -> str:
    if not isinstance(name, str) or not is_text(name):
        raise ProtocolError(field, "a member name must be text")
    return name


def is_text(text: str) -> bool:
    """Whether *text* is encodable, that is, without lone surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
