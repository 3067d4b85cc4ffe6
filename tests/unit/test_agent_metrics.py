"""Metrics by agent and version: what is counted, and that nobody can make too many of them."""

from __future__ import annotations

import dataclasses

from prometheus_client import CollectorRegistry

from actas.decision import Decision, Denial, Effect, Obligation, PolicyRef
from actas.server.agent_metrics import MOST_VERSIONS, AgentMetrics

ALLOW = Decision("d-1", "r-1", Effect.ALLOW, PolicyRef("r", "d", "s"), 0.0, 5.0, narrowed=True)
STEP_UP = dataclasses.replace(
    ALLOW,
    effect=Effect.DENY,
    narrowed=False,
    denials=(Denial("ACR_INSUFFICIENT", "step_up", "needs more"),),
    obligations=(Obligation("step-up", "o-1", {}),),
)


def counted(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """Read one counter."""
    return registry.get_sample_value(f"actas_agent_{name}_total", labels)


def test_versions_of_an_agent_can_be_compared() -> None:
    """Decisions by code, narrowing and step-ups, each by version."""
    registry = CollectorRegistry()
    metrics = AgentMetrics(registry)
    for version, decision in (("1", ALLOW), ("1", ALLOW), ("2", ALLOW), ("2", STEP_UP)):
        metrics.count("mail", version, decision)
    assert counted(registry, "decisions", agent="mail", version="1", code="") == 2
    assert counted(registry, "decisions", agent="mail", version="2", code="ACR_INSUFFICIENT") == 1
    assert counted(registry, "narrowed", agent="mail", version="1") == 2
    assert counted(registry, "step_ups", agent="mail", version="2") == 1
    assert counted(registry, "step_ups", agent="mail", version="1") is None


def test_a_large_registry_does_not_make_a_metric_for_each_agent() -> None:
    """Those that come late are counted together, and those that were there go on."""
    registry = CollectorRegistry()
    metrics = AgentMetrics(registry)
    for number in range(MOST_VERSIONS + 50):
        metrics.count(f"agent-{number}", "1", ALLOW)
    metrics.count("agent-0", "1", ALLOW)
    assert counted(registry, "decisions", agent="agent-0", version="1", code="") == 2
    assert counted(registry, "decisions", agent="other", version="", code="") == 50
    assert len(next(iter(registry.collect())).samples) == 2 * (MOST_VERSIONS + 1)
