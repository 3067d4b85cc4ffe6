"""Which of how many workers a process is."""

from __future__ import annotations

from dataclasses import dataclass

_KEY = "actas-worker"


@dataclass(frozen=True, slots=True)
class Place:
    """Worker *number*, counted from 0, *of* so many that share the listeners."""

    number: int
    of: int

    @property
    def shared(self) -> bool:
        """Whether others listen where this process does."""
        return self.of > 1

    @property
    def trailer(self) -> tuple[tuple[str, str], ...]:
        """What tells a client how its calls are spread: a hint, never a fact of a decision."""
        return ((_KEY, f"{self.number}/{self.of}"),) if self.shared else ()


ALONE = Place(0, 1)
