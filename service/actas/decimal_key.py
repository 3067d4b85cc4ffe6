"""Decimal amounts as strings that sort by value, so that a policy can compare them exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

INTEGER_DIGITS = 20
FRACTION_DIGITS = 18
_PLAIN = re.compile(r"(?P<whole>0|[1-9][0-9]{0,19})(?:\.(?P<fraction>[0-9]{1,18}))?", re.ASCII)


def key(amount: Any) -> str | None:
    """Give the sortable form of a plain, non-negative decimal; None for anything else.

    `"487.5"` and `487.50` have the same key. Signs, exponents, blanks and leading zeros are refused:
    amounts in `authorization_details` are compared, never interpreted (RFC 9396, section 12).
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | float):
        return None
    # repr of a float is the shortest text that reads back as the same number, as JSON prints it.
    match = _PLAIN.fullmatch(amount if isinstance(amount, str) else repr(amount))
    if match is None:
        return None
    return f"{match['whole']:0>{INTEGER_DIGITS}}.{match['fraction'] or '':0<{FRACTION_DIGITS}}"


def keys(members: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys of those *members* that are plain non-negative decimals."""
    found = {name: key(value) for name, value in members.items()}
    return {name: sortable for name, sortable in found.items() if sortable is not None}
