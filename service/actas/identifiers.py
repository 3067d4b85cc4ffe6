"""Decision ids: UUIDs of version 7, which sort by time (RFC 9562, section 5.7)."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

_RANDOM_BITS = 74
_RANDOM_LIMIT = 1 << _RANDOM_BITS
# RFC 9562, section 6.2: a random step keeps ids of one millisecond in order and yet hard to guess.
_STEP_BITS = 32
_VERSION = 7 << 76
_VARIANT = 0b10 << 62
_LOW_BITS = (1 << 62) - 1


class DecisionIds:
    """Makes ids that only ever grow within this process, also when the clock stands still or steps back."""

    def __init__(self, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        """Take randomness from *random_bits*, which is given a number of bits."""
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._millisecond = 0
        self._random = 0

    def new(self, now: float) -> str:
        """Give the next id; *now* is in seconds since the epoch."""
        with self._lock:
            millisecond = int(now * 1000)
            if millisecond > self._millisecond:
                self._millisecond, self._random = millisecond, self._random_bits(_RANDOM_BITS)
            else:
                self._random += 1 + self._random_bits(_STEP_BITS)
                if self._random >= _RANDOM_LIMIT:
                    self._millisecond, self._random = self._millisecond + 1, self._random_bits(_RANDOM_BITS)
            return _text(self._millisecond, self._random)


def _text(millisecond: int, random: int) -> str:
    high, low = random >> 62, random & _LOW_BITS
    text = f"{(millisecond & 0xFFFF_FFFF_FFFF) << 80 | _VERSION | high << 64 | _VARIANT | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
