"""Which worker of the service answered, as far as it says so; it steers where calls go, and nothing else.

Where several workers serve, every answer has the trailing metadata `actas-worker: I/N`, worker I of 0 to N-1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any

import grpc

_KEY = "actas-worker"
_FORM = re.compile(r"(0|[1-9][0-9]{0,3})/([1-9][0-9]{0,3})")
# Of these the client itself makes some, and says with them that the connection is gone.
_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)

Worker = tuple[int, int]
"""Its number, and how many there are."""


class Unsaid(Enum):
    """What a call tells that names no worker."""

    UNUSED = "the connection was not used yet"
    NOTHING = "no answer came, and the connection may well be there"
    ABSENT = "an answer without the hint came"
    GONE = "the connection is gone; the next may lead elsewhere"


Told = str | Unsaid
"""The hint as it came, or what there is instead."""


def told(metadata: Iterable[Any] | None) -> Told:
    """Find the hint in the trailing metadata of an answer."""
    for name, value in metadata or ():
        if name == _KEY and isinstance(value, str):
            return value
    return Unsaid.ABSENT


def told_by(failure: grpc.RpcError) -> Told:
    """Find the hint in a call that failed, at the service or on the way."""
    trailing, code = getattr(failure, "trailing_metadata", None), getattr(failure, "code", None)
    hint = told(trailing() if trailing is not None else None)
    status = code() if code is not None else None
    if hint is Unsaid.ABSENT and status in _GONE:
        return Unsaid.GONE
    if hint is Unsaid.ABSENT and status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unsaid.NOTHING
    return hint


def worker(hint: Told) -> Worker | None:
    """Read the hint; what is malformed, or names one of one worker, names none."""
    found = _FORM.fullmatch(hint) if isinstance(hint, str) else None
    if found is None:
        return None
    number, count = int(found[1]), int(found[2])
    return (number, count) if number < count and count > 1 else None
