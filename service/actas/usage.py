"""What the service remembers of earlier decisions, as far as one exchange is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Which one-time tokens nobody has used, and how many exchanges were allowed of late.

    `unused` names members of the request, such as `subject_token`. `rates` maps `agents` to the count of each agent
    that may be the one that acts, and `client` and `subject` to a count; it is None where nothing is limited.
    """

    unused: frozenset[str] = frozenset()
    rates: Mapping[str, Any] | None = None

    def members(self) -> dict[str, Any]:
        """Give what it adds to `input.state`."""
        members: dict[str, Any] = {}
        if self.unused:
            members["unused"] = dict.fromkeys(self.unused, True)
        if self.rates is not None:
            members["rates"] = self.rates
        return members


NO_USAGE = Usage()
