"""The policy input as text."""

from __future__ import annotations

import json

from actas.errors import EngineError, Status

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
        return _ENCODER.encode(question).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise EngineError(
            "the policy input cannot be written as JSON", status=Status.INTERNAL, reason="ENGINE_BAD_INPUT"
        ) from error
