"""One request while it is decided: what is asked, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from actas.decision import Decision
from actas.engine import PolicyResult
from actas.errors import EngineError, Status
from actas.policy_input import RevocationView
from actas.request import ExchangeRequest
from actas.usage import NO_USAGE, Usage

PolicyInput = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request at the moment it is decided; `at` is in seconds since the epoch.

    `sent` is what the caller sent, `request` the same with what was verified here, `usage` what was decided before.
    """

    sent: ExchangeRequest
    request: ExchangeRequest
    at: float
    state: RevocationView
    caller: str = ""
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class Concluded:
    """The decision, what policy saw and answered, and what else its record says."""

    decision: Decision
    seen: PolicyInput
    result: PolicyResult
    agent_version: str
    risk: frozenset[str]


def remaining(deadline: float) -> float:
    """Give the seconds until *deadline*, a time of the monotonic clock; raises EngineError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise EngineError(
            "the deadline passed before the policy was asked",
            status=Status.DEADLINE_EXCEEDED,
            reason="DEADLINE_EXCEEDED",
        )
    return left
