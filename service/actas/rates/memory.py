"""Counts in the memory of one process.

The time of a limit is cut into ten parts. What was allowed in the last ten whole ones and in the current one counts, so
that in no stretch of that time more is allowed than the limit says, and at times a little less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from actas.rates.parties import RateKey

PARTS = 10
_FIRST_SWEEP = 4096


def part_of(key: RateKey, now: float) -> int:
    """Number the part of time that *now* (seconds since the epoch) is in."""
    return int(now * PARTS // key.seconds)


@dataclass(slots=True)
class _Count:
    """What was allowed by part of time, and how many decisions are being made that may add to it."""

    allowed: dict[int, int] = field(default_factory=dict)
    taken: int = 0


class MemoryRates:
    """Counts of this process. A restart forgets them."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._counts: dict[RateKey, _Count] = {}
        self._sweep_at = _FIRST_SWEEP

    async def take(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Take a place in each of *keys*; give how many exchanges have one already, at *now*."""
        return self.take_now(keys, now)

    def take_now(self, keys: Collection[RateKey], now: float) -> dict[RateKey, int]:
        """Do as `take`; between the look and the taking nothing is awaited, so no two decisions get the last place."""
        if len(self._counts) > self._sweep_at:
            self._sweep(now)
        counts = {}
        for key in keys:
            count = self._counts.setdefault(key, _Count())
            earliest = part_of(key, now) - PARTS
            for part in [part for part in count.allowed if part < earliest]:
                del count.allowed[part]
            counts[key] = sum(count.allowed.values()) + count.taken
            count.taken += 1
        return counts

    async def look(self, keys: Collection[RateKey], now: float) -> Mapping[RateKey, int]:
        """Give what `take` would give, and take nothing."""
        return {key: sum(self.allowed(key, now).values()) + self.taken(key) for key in keys}

    def give_back(self, keys: Collection[RateKey], allowed: Collection[RateKey], now: float) -> None:
        """Leave the places in *keys*; in *allowed* an exchange has come of it, which counts from *now*."""
        for key in keys:
            count = self._counts[key]
            count.taken -= 1
            if key in allowed:
                part = part_of(key, now)
                count.allowed[part] = count.allowed.get(part, 0) + 1

    def allowed(self, key: RateKey, now: float) -> dict[int, int]:
        """Give what counts at *now*, by part of time."""
        count, earliest = self._counts.get(key), part_of(key, now) - PARTS
        return {} if count is None else {part: n for part, n in count.allowed.items() if part >= earliest}

    def taken(self, key: RateKey) -> int:
        """Give how many decisions are being made."""
        count = self._counts.get(key)
        return 0 if count is None else count.taken

    def _sweep(self, now: float) -> None:
        for key in list(self._past(now)):
            del self._counts[key]
        self._sweep_at = max(_FIRST_SWEEP, 2 * len(self._counts))

    def _past(self, now: float) -> Iterator[RateKey]:
        for key, count in self._counts.items():
            if not count.taken and all(part < part_of(key, now) - PARTS for part in count.allowed):
                yield key
