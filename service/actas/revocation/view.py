"""What one decision knows of revocations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from actas.request import ExchangeRequest
from actas.revocation.names import Agents


@dataclass(frozen=True, slots=True)
class StateView:
    """The entries that one request touches: `RevocationView` of the policy input."""

    freshness: str
    version: str
    revocations: list[dict[str, Any]] = field(default_factory=list)


STALE = StateView("stale", "unknown")


class State(Protocol):
    """A place where revocations are looked up."""

    def lookup(self, request: ExchangeRequest, agents: Agents | None) -> StateView:
        """Give what *request* is touched by; never raises."""

    @property
    def problem(self) -> str:
        """Why the state is stale; empty where it is not."""


class JointState:
    """Two places at once: whoever is revoked in one of them is revoked, and both must be known."""

    def __init__(self, one: State, other: State) -> None:
        """Look up in *one* and then in *other*."""
        self._one, self._other = one, other

    def lookup(self, request: ExchangeRequest, agents: Agents | None = None) -> StateView:
        """Give what either place says, stale where one of them is."""
        one, other = self._one.lookup(request, agents), self._other.lookup(request, agents)
        both_fresh = one.freshness == other.freshness == "fresh"
        return StateView(
            "fresh" if both_fresh else "stale",
            f"{one.version},{other.version}",
            [*one.revocations, *other.revocations],
        )

    @property
    def problem(self) -> str:
        """Give what is wrong with either."""
        return "; ".join(filter(None, (self._one.problem, self._other.problem)))
