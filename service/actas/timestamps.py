"""Moments as text (RFC 3339) and as seconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

# What google.protobuf.Timestamp can hold: the years 1 to 9999.
EARLIEST = -62_135_596_800
LATEST = 253_402_300_799

_SYNTAX = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def parse(text: str) -> int:
    """Return the RFC 3339 date-time *text* as seconds since the epoch, a fraction rounded down.

    Raises ValueError when it is none, is not between the years 1 and 9999, or is a leap second.
    """
    upper = text.upper()
    if _SYNTAX.fullmatch(upper) is None:
        raise ValueError("not an RFC 3339 date-time")
    whole, _, rest = upper.partition(".")
    zone = rest.lstrip("0123456789")
    seconds = int(datetime.fromisoformat(whole + zone).timestamp())
    if not EARLIEST <= seconds <= LATEST:
        raise ValueError("not between the years 1 and 9999")
    return seconds


def render(seconds: float) -> str:
    """Return *seconds* since the epoch as RFC 3339 in UTC with milliseconds, rounded down."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
