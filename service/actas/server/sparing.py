"""What anybody may cause as often as he likes, and is told once in a while only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Sparing:
    """Says when a line of the log is due: at once, and then once in so many *seconds*."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """One is due at once."""
        self._seconds = seconds
        self._clock = clock
        self._next = -math.inf

    def due(self) -> bool:
        """Whether it is now, which then it is not for a while."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True
