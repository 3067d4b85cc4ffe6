"""What the service counts. Labels are codes, names and outcomes: never a secret, never a person."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from actas.decision import Decision
from actas.server.agent_metrics import AgentMetrics

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_ITEMS = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """All metrics of one service, in a registry of their own so that two services fit into one process."""

    def __init__(self) -> None:
        """Create every metric, at zero."""
        self.registry = CollectorRegistry()
        self._decisions = Counter(
            "actas_decisions", "Decisions by effect and primary code.", ["effect", "code"], registry=self.registry
        )
        self._stages = Histogram(
            "actas_stage_seconds", "Latency by stage.", ["stage"], buckets=_SECONDS, registry=self.registry
        )
        self._calls = Counter(
            "actas_calls", "Calls by method and gRPC status.", ["method", "status"], registry=self.registry
        )
        self._batches = Histogram(
            "actas_engine_batch_items", "Items per call to OPA.", buckets=_ITEMS, registry=self.registry
        )
        self._engine_errors = Counter(
            "actas_engine_errors", "Engine failures by reason.", ["reason"], registry=self.registry
        )
        self._engine = Gauge("actas_engine_info", "What evaluates the policies.", ["engine"], registry=self.registry)
        self._widened = Counter(
            "actas_widened", "Policy answers that the ceiling refused, by bound.", ["bound"], registry=self.registry
        )
        self._policy = Gauge(
            "actas_policy_info", "The policy revision that serves.", ["revision", "digest"], registry=self.registry
        )
        self._activations = Counter(
            "actas_activations", "Activations of policy revisions by outcome.", ["outcome"], registry=self.registry
        )
        self._weaker = Gauge(
            "actas_weaker_settings", "Settings that are weaker than shipped.", ["setting"], registry=self.registry
        )
        self._store = Counter("actas_store", "What happened to the store.", ["event"], registry=self.registry)

        self._agents = AgentMetrics(self.registry)

        # Looked up some six times in each decision. They are never cleared, and few: codes, stages and statuses.
        self._decision, self._call = cache(self._decisions.labels), cache(self._calls.labels)
        self._stage = cache(self._stages.labels)

    def decision(self, decision: Decision) -> None:
        """Count *decision*."""
        code = decision.denials[0].code if decision.denials else ""
        self._decision(decision.effect.value, code).inc()

    def agent(self, agent: str, version: str, decision: Decision) -> None:
        """Count *decision* for a version of an agent of the registry."""
        self._agents.count(agent, version, decision)

    def store(self, event: str) -> None:
        """Count one `commit`, `failure`, `spill`, `checkpoint` or `checkpoint_failure`; any thread may."""
        self._store.labels(event).inc()

    def call(self, method: str, status: str) -> None:
        """Count one call of *method* that ended with *status*."""
        self._call(method, status).inc()

    def stage(self, name: str, seconds: float) -> None:
        """Record that the stage *name* of one decision took *seconds*."""
        self._stage(name).observe(seconds)

    def widened(self, bound: str) -> None:
        """Count a policy answer that would have widened *bound*."""
        self._widened.labels(bound).inc()

    def batch(self, items: int) -> None:
        """Record that one engine call carried *items* questions."""
        self._batches.observe(items)

    def engine_error(self, reason: str) -> None:
        """Count one engine failure; *reason* is its stable word."""
        self._engine_errors.labels(reason).inc()

    def engine(self, name: str) -> None:
        """Say what evaluates the policies, `wasm` or `sidecar`."""
        self._engine.labels(name).set(1)

    def serving(self, revision: str, digest: str) -> None:
        """Say which policy revision serves now."""
        self._policy.clear()
        self._policy.labels(revision, digest).set(1)

    def activation(self, outcome: str) -> None:
        """Count one activation; *outcome* is `activated`, `unchanged` or `rejected`."""
        self._activations.labels(outcome).inc()

    def weaker_settings(self, settings: list[str]) -> None:
        """Say which settings of the serving revision are weaker than the shipped ones."""
        self._weaker.clear()
        for setting in settings:
            self._weaker.labels(setting).set(1)

    def exposition(self) -> bytes:
        """Write everything in the Prometheus text format."""
        return generate_latest(self.registry)
