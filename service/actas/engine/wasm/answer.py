"""What an evaluation has written, read."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from actas.engine.wasm import failures

# The fast parser makes a float of an integer beyond 64 bits, which has so many digits at least.
_MANY_DIGITS: Final = re.compile(rb"[0-9]{19}")


def read(answer: bytes) -> Any:
    """Give the decision of OPA's result set *answer*, not yet checked.

    The members of its objects are in OPA's order, in which the module goes through them (order.py), so that the text
    of a decision does not depend on the engine.

    Raises:
        EngineError: the decision is undefined, or the answer cannot be read.

    """
    parsed = json.loads if _MANY_DIGITS.search(answer) else orjson.loads
    try:
        return parsed(answer)[0]["result"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise failures.no_answer() from None
