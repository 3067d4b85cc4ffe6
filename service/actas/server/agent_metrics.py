"""What was decided for each version of each agent, as metrics, of so many of them as a metrics server can bear."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from actas.decision import Decision

MOST_VERSIONS: Final = 256
"""How many pairs of agent and version have metrics of their own in a process; those that come later are `other`."""
OTHER: Final = ("other", "")


class AgentMetrics:
    """Counts by agent and version. Only agents of the registry are counted: nobody else chooses what a label says."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Create the metrics in *registry*."""
        labels = ["agent", "version"]
        self._decisions = Counter(
            "actas_agent_decisions",
            "Decisions by agent, its version, and primary code.",
            [*labels, "code"],
            registry=registry,
        )
        self._narrowed = Counter(
            "actas_agent_narrowed",
            "Allows of less than asked for, by agent and version.",
            labels,
            registry=registry,
        )
        self._step_ups = Counter(
            "actas_agent_step_ups", "Denials that ask for step-up, by agent and version.", labels, registry=registry
        )
        self._known: set[tuple[str, str]] = set()
        self._decision = cache(self._decisions.labels)
        self._less, self._step_up = cache(self._narrowed.labels), cache(self._step_ups.labels)

    def count(self, agent: str, version: str, decision: Decision) -> None:
        """Count *decision*, which was made for the *agent* of the registry in that *version*."""
        who = (agent, version)
        if who not in self._known:
            if len(self._known) < MOST_VERSIONS:
                self._known.add(who)
            else:
                who = OTHER
        self._decision(*who, decision.denials[0].code if decision.denials else "").inc()
        if decision.narrowed:
            self._less(*who).inc()
        if any(obligation.type == "step-up" for obligation in decision.obligations):
            self._step_up(*who).inc()
