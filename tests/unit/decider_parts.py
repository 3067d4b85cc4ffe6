"""What a decider is handed in its tests: an engine whose answers the test chooses, and ears for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from right_exchange import DATA, NOW, Answer, request

from actas.decide import Decider
from actas.decision import Decision
from actas.engine import EngineHealth
from actas.engine.result import PolicyResult, parse_result
from actas.errors import EngineError, ReceiptError
from actas.policy.data import PolicyData
from actas.ports import Rates, SingleUse
from actas.receipts.record import Record
from actas.request import ExchangeRequest


@dataclass(frozen=True)
class State:
    """A revocation state in which nothing is revoked."""

    freshness: str = "fresh"
    version: str = "s1"
    revocations: list[Answer] = field(default_factory=list)

    def lookup(self, request: ExchangeRequest, agents: object) -> State:
        """Give the same state for every request."""
        del request, agents
        return self


class Engine:
    """Answers whatever it was given, and keeps what it was asked."""

    revision, bundle_digest = "r1", "sha256:d1"

    def __init__(self, answer: Answer | EngineError) -> None:
        """Answer *answer*."""
        self.answer = answer
        self.asked: list[Mapping[str, Any]] = []
        self.timeouts: list[float] = []

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Answer."""
        self.asked.append(policy_input)
        self.timeouts.append(timeout)
        if isinstance(self.answer, EngineError):
            raise self.answer
        return parse_result(self.answer)

    def health(self) -> EngineHealth:
        """Say that all is well."""
        return EngineHealth(ok=True)

    async def close(self) -> None:
        """Release nothing."""


class Checking(Engine):
    """An engine with the testing entrypoint."""

    trees: tuple[Any, ...] = ()

    async def evaluate_with(
        self, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, *, timeout: float
    ) -> PolicyResult:
        """Answer, and keep the data."""
        self.trees += (data,)
        return await self.evaluate(policy_input, timeout=timeout)


@dataclass
class Revision:
    """One revision, which is also where it is leased."""

    engine: Engine
    data: PolicyData = DATA
    digest: str = "sha256:d1"
    leased: int = 0

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Revision]:
        """Count who holds it."""
        self.leased += 1
        try:
            yield self
        finally:
            self.leased -= 1


class Recorder:
    """Keeps records, or fails."""

    def __init__(self, error: ReceiptError | None = None) -> None:
        """Fail with *error*."""
        self.error = error
        self.records: list[Record] = []

    async def record(self, record: Record) -> None:
        """Keep *record*."""
        if self.error is not None:
            raise self.error
        self.records.append(record)


class Observed:
    """Keeps what metrics would count."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.stages: list[str] = []
        self.bounds: list[str] = []
        self.problems: list[str] = []
        self.agents: list[tuple[str, str, str]] = []

    def agent(self, agent: str, version: str, decision: Decision) -> None:
        """Keep for whom it was."""
        self.agents.append((agent, version, decision.decision_id))

    def stage(self, name: str, seconds: float) -> None:
        """Keep the stage."""
        assert seconds >= 0
        self.stages.append(name)

    def widened(self, bound: str) -> None:
        """Keep the bound."""
        self.bounds.append(bound)

    def unproven(self, problem: str) -> None:
        """Keep the problem."""
        self.problems.append(problem)


class Service:
    """A decider with all that it is handed."""

    def __init__(
        self,
        answer: Answer | EngineError,
        *,
        recorder: Recorder | None = None,
        data: PolicyData = DATA,
        since: float = 0,
        single_use: SingleUse | None = None,
        rates: Rates | None = None,
    ) -> None:
        """Decide over *data* with an engine that answers *answer*."""
        self.engine = Checking(answer)
        self.revision = Revision(self.engine, data)
        self.recorder = recorder or Recorder()
        self.observed = Observed()
        self.decider = Decider(
            self.revision,
            self.recorder,
            state=State(),
            clock=lambda: NOW,
            observer=self.observed,
            since=since,
            single_use=single_use,
            rates=rates,
        )

    def decide(self, asked: ExchangeRequest | None = None, timeout: float = 1.0) -> Decision:
        """Decide *asked*."""
        return asyncio.run(self.decider.decide(asked or request(), timeout=timeout, caller="sts-1"))
