"""When to ask again: only after UNAVAILABLE, and only while the caller's deadline allows it."""

from __future__ import annotations

import random
import time

from actas.errors import EngineError, ProtocolError, Status

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.25


class Attempts:
    """The attempts of one call that has *timeout* seconds in all."""

    def __init__(self, timeout: float) -> None:
        """Start the clock."""
        self._end = time.monotonic() + timeout
        self._pause = _FIRST_PAUSE_SECONDS

    def remaining(self) -> float:
        """Seconds that are left; raises EngineError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise EngineError("no decision in time", status=Status.DEADLINE_EXCEEDED, reason="DEADLINE_EXCEEDED")
        return left

    def pause_after(self, failure: ProtocolError | EngineError) -> float:
        """Seconds to wait before the next attempt, or raise *failure*.

        Asking twice is safe: the service decides anew and nothing was issued. Pauses grow, and are random so that
        many callers do not come back at the same moment.
        """
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        if failure.status is not Status.UNAVAILABLE or time.monotonic() + pause >= self._end:
            raise failure from None
        return pause
