"""The way of one request: policy input, one question to the engine, ceiling, record, decision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog

from actas import answer, ceiling, policy_input
from actas.admission import NO_PAST, Admission, Past
from actas.asked import Asked, Concluded, PolicyInput, remaining, to_record
from actas.ceiling.risk import risk_classes
from actas.decision import Decision, PolicyRef
from actas.engine import PolicyResult
from actas.errors import EngineError, Status
from actas.evidence.approvals import DEFAULT_AUDIENCE
from actas.evidence.single_use import MemorySingleUse
from actas.evidence.verifier import EvidenceVerifier, NothingProven
from actas.identifiers import DecisionIds
from actas.ports import (
    CheckingEngine,
    EngineHandle,
    Lease,
    NoObserver,
    Observer,
    Rates,
    RevisionData,
    SingleUse,
    StateProvider,
)
from actas.rates import MemoryRates
from actas.receipts.record import Recorder
from actas.request import ExchangeRequest
from actas.timed import Timed

_log = structlog.get_logger("actas.decide")


class Decider:
    """Makes decisions with the engine, the recorder, the state and the clock that it is handed."""

    def __init__(
        self,
        engines: EngineHandle,
        recorder: Recorder,
        *,
        state: StateProvider,
        clock: Callable[[], float] = time.time,
        observer: Observer | None = None,
        evidence: EvidenceVerifier | None = None,
        single_use: SingleUse | None = None,
        rates: Rates | None = None,
        audience: str = DEFAULT_AUDIENCE,
        since: float | None = None,
    ) -> None:
        """Take the parts; *clock* gives seconds since the epoch.

        *evidence* verifies raw tokens and SVIDs, which without it prove nothing. Signed approvals are for *audience*,
        each for one decision, as are one-time tokens; *single_use* remembers that *since* then. *rates* counts what is
        allowed.
        """
        self._engines = engines
        self._recorder = recorder
        self._state = state
        self._clock = clock
        self._observer = observer or NoObserver()
        self._evidence = evidence or NothingProven()
        self._admission = Admission(
            single_use or MemorySingleUse(), rates or MemoryRates(), audience, clock() if since is None else since
        )
        self._ids = DecisionIds()

    async def decide(
        self, request: ExchangeRequest, *, timeout: float, caller: str = "", in_step: bool = False
    ) -> Decision:
        """Decide *request* within *timeout* seconds; the decision is recorded before it leaves.

        *caller* is the configured name of who asks. The signed approvals and one-time tokens that an ALLOW relies on
        are used up.
        Decisions that are made at the same time *in_step* take each step one after the other. What a step needs
        stays in the processor's caches then, which saves a quarter of their CPU (BENCHMARKS.md).

        Raises:
            ProtocolError: the request contradicts itself, so it cannot be evaluated.
            EngineError: no decision could be made.
            ReceiptError: the decision could not be recorded.

        """
        deadline = time.monotonic() + timeout
        if request.has_raw_evidence:
            return await self._decide_held(request, caller, deadline, in_step=in_step)
        answer.check_parent(request)
        at = self._clock()
        async with self._engines.lease() as lease:
            # Most requests rely on nothing that is held, and pay nothing for those that do.
            alone = not self._admission.concerns(request, lease.data)
            if alone:
                asked = Asked(request, request, at, self._state.lookup(request, lease.data), caller)
                concluded = await self._decided(asked, lease, deadline, in_step=in_step)
        if not alone:
            return await self._decide_held(request, caller, deadline, in_step=in_step)
        if in_step:
            await asyncio.sleep(0)
        # The revision may be drained while a slow recorder works: what it had to say is said.
        await self._record(asked, concluded)
        return concluded.decision

    async def _decide_held(
        self, request: ExchangeRequest, caller: str, deadline: float, *, in_step: bool = False
    ) -> Decision:
        """Decide a request with evidence to verify, or that other decisions may not share everything with.

        What no other decision may use is held until this one is recorded.
        """
        async with AsyncExitStack() as until_recorded:
            async with self._engines.lease() as lease:
                proven = await self._proven(request, lease.data, self._clock(), deadline)
                # Keys may have been waited for: what is decided is how it is now.
                at = self._clock()
                admitted = await until_recorded.enter_async_context(self._admission.hold(proven, lease.data, at))
                # A store may have been waited for: who was revoked meanwhile is revoked.
                state = self._state.lookup(proven, lease.data)
                asked = Asked(request, admitted.request, at, state, caller, admitted.usage)
                concluded = await self._decided(asked, lease, deadline, in_step=in_step)
                relied_on = ceiling.approvals_relied_on(asked.request, concluded.result, lease.data, int(at))
            await self._record(asked, concluded)
            if ceiling.issues(asked.request, concluded.result):
                await admitted.use_up(concluded.result, relied_on)
        return concluded.decision

    async def rehearse(
        self, request: ExchangeRequest, *, timeout: float, caller: str = ""
    ) -> tuple[PolicyInput, Decision]:
        """Decide as `decide` does, but use nothing up; gives what policy saw, too."""
        deadline = time.monotonic() + timeout
        async with self._engines.lease() as lease:
            proven = await self._proven(request, lease.data, self._clock(), deadline)
            at = self._clock()
            admitted = await self._admission.peek(proven, lease.data, at)
            state = self._state.lookup(proven, lease.data)
            asked = Asked(request, admitted.request, at, state, caller, admitted.usage)
            concluded = await self._decided(asked, lease, deadline)
        await self._record(asked, concluded)
        return concluded.seen, concluded.decision

    async def decide_with(
        self,
        request: ExchangeRequest,
        *,
        now: float,
        data: Mapping[str, Any] | None,
        state: StateProvider,
        past: Past = NO_PAST,
        timeout: float = 10.0,
    ) -> tuple[PolicyInput, Decision]:
        """Decide *request* at a frozen *now*, as a test runner does on a checking engine.

        *data* may have the `settings` and the `registry` of the case; all else is as in `rehearse`, except that
        of earlier decisions only *past* is known.

        Raises:
            EngineError: besides the causes of `decide`, the engine serves and is not for checking.

        """
        deadline = time.monotonic() + timeout
        async with self._engines.lease() as lease:
            engine = lease.engine
            if not isinstance(engine, CheckingEngine):
                raise EngineError("this engine decides over its own data only", status=Status.INTERNAL)
            chosen = lease.data if data is None else lease.data.override(data)
            tree = None if data is None else chosen.tree()
            proven = await self._proven(request, chosen, now, deadline)
            admitted = self._admission.rehearsed(proven, chosen, now, past)
            asked = Asked(request, admitted.request, now, state.lookup(proven, chosen), usage=admitted.usage)
            question = self._question(asked)
            result = await engine.evaluate_with(question, tree, timeout=timeout)
            concluded = self._conclude(asked, question, result, lease, chosen)
        await self._record(asked, concluded)
        return concluded.seen, concluded.decision

    async def _proven(
        self, request: ExchangeRequest, data: RevisionData, now: float, deadline: float
    ) -> ExchangeRequest:
        """Give *request* with its raw evidence replaced by what it proves."""
        if request.has_raw_evidence:
            with self._timed("evidence"):
                request = await self._evidence.verify(request, data, now, deadline)
            for part in (request.subject_token, request.actor_token, request.actor_workload):
                if part is not None and part.proof is not None and part.proof.problem is not None:
                    self._observer.unproven(part.proof.problem)
        answer.check_parent(request)
        return request

    async def _decided(self, asked: Asked, lease: Lease, deadline: float, *, in_step: bool = False) -> Concluded:
        question = self._question(asked)
        if in_step:
            await asyncio.sleep(0)
        with self._timed("engine"):
            result = await lease.engine.evaluate(question, timeout=remaining(deadline))
        if in_step:
            await asyncio.sleep(0)
        return self._conclude(asked, question, result, lease, lease.data)

    def _question(self, asked: Asked) -> PolicyInput:
        with self._timed("input"):
            return policy_input.build(asked.request, now=int(asked.at), state=asked.state, usage=asked.usage)

    def _conclude(
        self, asked: Asked, question: PolicyInput, result: PolicyResult, lease: Lease, data: RevisionData
    ) -> Concluded:
        """Bound the policy's answer and put the decision together."""
        revision = lease.engine.revision
        if result.revision != revision:
            raise EngineError(
                "the engine answered from another policy revision",
                status=Status.INTERNAL,
                reason="ENGINE_REVISION_CHANGED",
            )
        decision_id = self._ids.new(asked.at)
        with self._timed("ceiling"):
            result = ceiling.bound(
                asked.request,
                result,
                data,
                int(asked.at),
                lambda bound: self._on_widened(bound, decision_id, revision),
                unused=asked.usage.unused,
            )
            risk = risk_classes(asked.request, data)
        policy = PolicyRef(revision, lease.digest, asked.state.version)
        decision = answer.decision(asked.request, result, at=asked.at, decision_id=decision_id, policy=policy)
        return Concluded(decision, question, result, answer.agent_version(data, result.actor_agent), risk)

    def _on_widened(self, bound: str, decision_id: str, revision: str) -> None:
        self._observer.widened(bound)
        _log.error("output_widened", bound=bound, decision_id=decision_id, policy_revision=revision)

    async def _record(self, asked: Asked, concluded: Concluded) -> None:
        with self._timed("record"):
            await self._recorder.record(to_record(asked, concluded))
        if agent := concluded.result.actor_agent:
            self._observer.agent(agent, concluded.agent_version, concluded.decision)

    def _timed(self, stage: str) -> Timed:
        return Timed(self._observer, stage)
