"""The frozen clock of suites and of `actas decide --now`."""

from __future__ import annotations

from typing import Any

from actas import timestamps

_SENTENCE = "a time is RFC 3339, as 2027-01-15T08:00:00Z, or whole seconds since 1970"


def seconds(moment: Any) -> int:
    """Return *moment* (whole seconds since the epoch, or RFC 3339 text) in seconds since the epoch.

    Raises `ValueError` with a sentence that says what was expected.
    """
    if (
        isinstance(moment, str)
        and moment.isascii()
        and moment.isdecimal()
        and len(moment) <= len(str(timestamps.LATEST))
    ):
        moment = int(moment)
    if isinstance(moment, int) and not isinstance(moment, bool) and 0 <= moment <= timestamps.LATEST:
        return moment
    if not isinstance(moment, str):
        raise ValueError(_SENTENCE)  # noqa: TRY004 - one kind of error for every bad time
    try:
        return timestamps.parse(moment)
    except ValueError:
        raise ValueError(_SENTENCE) from None
