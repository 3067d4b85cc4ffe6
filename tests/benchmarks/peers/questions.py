"""The policy input of an exchange, which OPA and the Go server are asked with.

Actas' own preparation of it, and the facts in it, are done by the caller and cost these peers nothing.
"""

from __future__ import annotations

from typing import Any

from actas import policy_input
from actas.policy.state import RevocationState
from actas.request import ExchangeRequest
from peers import vectors


def question(request: ExchangeRequest) -> dict[str, Any]:
    """Build the input for a decision at the present time, with nothing revoked."""
    return policy_input.build(request, now=vectors.now(), state=RevocationState.fresh().lookup(request))


def effect_of(decision: Any) -> str:
    """Read the effect of the policy's answer. Raises ValueError when there is none."""
    effect = decision.get("effect") if isinstance(decision, dict) else None
    if effect not in {"ALLOW", "DENY"}:
        raise ValueError(f"no decision: {decision!r}")
    return str(effect)
