"""One decision while it is made: what was asked, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from actas.decision import Decision
from actas.engine import PolicyResult
from actas.errors import EngineError, Status
from actas.policy_input import RevocationView
from actas.request import ExchangeRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """One request at the moment it is decided; `at` is in seconds since the epoch.

    `sent` is what the caller sent, `request` the same with what was verified here.
    """

    sent: ExchangeRequest
    request: ExchangeRequest
    at: float
    state: RevocationView
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Concluded:
    """The decision, the answer that it was made of, and what else its record says."""

    decision: Decision
    result: PolicyResult
    agent_version: str
    risk: frozenset[str]


def remaining(deadline: float) -> float:
    """Give the seconds until *deadline* of the monotonic clock; raises EngineError when it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise EngineError(
            "the deadline passed before the policy was asked",
            status=Status.DEADLINE_EXCEEDED,
            reason="DEADLINE_EXCEEDED",
        )
    return seconds
