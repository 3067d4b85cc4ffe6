"""What questions about receipts are answered with, wherever they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from actas.errors import ProtocolError
from actas.receipts.kept import KeptReceipt

MOST_HOPS: Final = 1000
"""How many receipts of a tree are given at most."""
HOUR_SECONDS: Final = 3600
DEFAULT_SECONDS: Final = 24 * HOUR_SECONDS
"""How far back agents are compared where nothing is said."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some receipts, newest first. `next_token` is empty on the last page."""

    receipts: Sequence[KeptReceipt]
    next_token: str


@dataclass(frozen=True, slots=True)
class TreeReceipts:
    """The receipts of one tree, oldest first; `truncated` where there are more of them."""

    receipts: Sequence[KeptReceipt]
    truncated: bool


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """What was decided for one version of one agent. `codes` are primary codes, the most frequent first."""

    agent: str
    version: str
    decisions: int
    denied: int
    narrowed: int
    step_ups: int
    codes: tuple[tuple[str, int], ...]

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON, with the share by which versions are compared."""
        return {
            "agent": self.agent,
            "version": self.version,
            "decisions": self.decisions,
            "denied": self.denied,
            "deny_rate": round(self.denied / self.decisions, 4),
            "narrowed": self.narrowed,
            "step_ups": self.step_ups,
            "codes": dict(self.codes),
        }


@dataclass(frozen=True, slots=True)
class Hours:
    """Whole hours since the epoch, from *first* on and before *end*; None is no end."""

    first: int
    end: int | None

    @classmethod
    def around(cls, since: float, until: float | None) -> Hours:
        """Give the hours that have any moment between two, in seconds since the epoch; raises ProtocolError."""
        if until is not None and since >= until:
            raise ProtocolError("until", "must be later than since, which is 24 hours ago where it is not said")
        return cls(int(since // HOUR_SECONDS), None if until is None else -int(-until // HOUR_SECONDS))
