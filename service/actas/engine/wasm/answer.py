"""What an evaluation has written, read and put in order."""

from __future__ import annotations

import json
from typing import Any

from actas.engine.wasm import failures


def read(answer: bytes) -> Any:
    """Give the decision of OPA's result set *answer*, not yet checked.

    The module writes the members of an object in no order. Where they go out as they are, they are sorted, as OPA
    itself sorts them, so that the text of a decision does not depend on the engine.

    Raises:
        EngineError: the decision is undefined, or the answer cannot be read.

    """
    try:
        decision = json.loads(answer)[0]["result"]
        if isinstance(decision, dict):
            for name in ("act", "obligations", "limits"):
                if name in decision:
                    decision[name] = _ordered(decision[name])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise failures.no_answer() from None
    return decision


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    return list(map(_ordered, value)) if isinstance(value, list) else value
