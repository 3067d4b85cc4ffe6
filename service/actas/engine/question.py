"""The policy input as text."""

from __future__ import annotations

import json

import orjson

from actas.errors import EngineError, Status

_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
# Made once: making it costs as much as a small input.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def serialize(question: object) -> str:
    """JSON that says exactly what the value says, or `EngineError`.

    Escaping a lone surrogate would make OPA decide on U+FFFD instead.
    """
    return encoded(question).decode()


def encoded(question: object) -> bytes:
    """Give the same as UTF-8."""
    try:
        text = orjson.dumps(question, option=_PLAIN)
        # It writes null for NaN, too: where there is a null, only the strict encoder tells.
        if b"null" not in text:
            return text
    except orjson.JSONEncodeError:
        pass  # integers beyond 64 bits, for example; or what is no JSON at all
    try:
        return _ENCODER.encode(question).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise EngineError(
            "the policy input cannot be written as JSON", status=Status.INTERNAL, reason="ENGINE_BAD_INPUT"
        ) from error
