"""What an evaluation has written, read and put in order."""

from __future__ import annotations

import json
from typing import Any

import orjson

from actas.engine.wasm import failures


def read(answer: bytes) -> Any:
    """Give the decision of OPA's result set *answer*, not yet checked.

    The module writes the members of an object in no order. Where they go out as they are, they are sorted, as OPA
    itself sorts them, so that the text of a decision does not depend on the engine.

    Raises:
        EngineError: the decision is undefined, or the answer cannot be read.

    """
    try:
        try:
            return _in_order(orjson.loads(answer)[0]["result"])
        except _InexactError:
            return _in_order(json.loads(answer)[0]["result"], exact=True)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise failures.no_answer() from None


class _InexactError(Exception):
    """The fast parser gave a float, which it also does for an integer beyond 64 bits."""


def _in_order(decision: Any, *, exact: bool = False) -> Any:
    if isinstance(decision, dict):
        for name in ("act", "obligations", "limits"):
            if name in decision:
                decision[name] = _ordered(decision[name], exact)
    return decision


def _ordered(value: Any, exact: bool) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _ordered(value[name], exact) for name in sorted(value)}
    if kind is list:
        return [_ordered(item, exact) for item in value]
    if kind is float and not exact:
        raise _InexactError
    return value
