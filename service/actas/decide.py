"""The way of one request: policy input, one question to the engine, ceiling, record, decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from actas import ceiling, claims_grammar, descriptions, policy_input
from actas.decision import Decision, Effect, IssueClaims, Limits, PolicyRef
from actas.engine import PolicyResult
from actas.errors import EngineError, ProtocolError, Status
from actas.identifiers import DecisionIds
from actas.policy_input import RevocationView
from actas.ports import CheckingEngine, EngineHandle, Lease, NoObserver, Observer, RevisionData, StateProvider
from actas.receipts import record
from actas.receipts.record import Recorder
from actas.request import ExchangeRequest

# contract.md, section 2: a decision is issued on at once, or not at all.
ISSUE_WITHIN_SECONDS = 5.0
_NO_CLAIMS: Mapping[str, Any] = {}

_log = structlog.get_logger("actas.decide")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request at the moment it is decided; `at` is in seconds since the epoch."""

    request: ExchangeRequest
    at: float
    state: RevocationView
    caller: str


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
    ) -> None:
        """Take the parts; *clock* gives seconds since the epoch."""
        self._engines = engines
        self._recorder = recorder
        self._state = state
        self._clock = clock
        self._observer = observer or NoObserver()
        self._ids = DecisionIds()

    async def decide(self, request: ExchangeRequest, *, timeout: float, caller: str = "") -> Decision:
        """Decide *request* within *timeout* seconds; the decision is recorded before it leaves.

        *caller* is the configured name of who asks.

        Raises:
            ProtocolError: the request contradicts itself, so it cannot be evaluated.
            EngineError: no decision could be made.
            ReceiptError: the decision could not be recorded.

        """
        deadline = time.monotonic() + timeout
        _check_parent(request)
        asked = _Asked(request, self._clock(), self._state.lookup(request), caller)
        async with self._engines.lease() as lease:
            question = self._question(asked)
            with self._timed("engine"):
                result = await lease.engine.evaluate(question, timeout=_remaining(deadline))
            decision, result = self._conclude(asked, result, lease, lease.data)
            version = _agent_version(lease.data, result.actor_agent)
        # The revision may be drained while a slow recorder works: what it had to say is said.
        return await self._recorded(asked, decision, result, version)

    async def decide_with(
        self,
        request: ExchangeRequest,
        *,
        now: float,
        data: Mapping[str, Any] | None,
        state: RevocationView,
        timeout: float = 10.0,
    ) -> Decision:
        """Decide *request* at a frozen *now*, as a test runner does on a checking engine.

        *data* may have the `settings` and the `registry` of the case; all else is as in `decide`.

        Raises:
            EngineError: besides the causes of `decide`, the engine serves and is not for checking.

        """
        _check_parent(request)
        asked = _Asked(request, now, state, "")
        async with self._engines.lease() as lease:
            engine = lease.engine
            if not isinstance(engine, CheckingEngine):
                raise EngineError("this engine decides over its own data only", status=Status.INTERNAL)
            chosen = lease.data if data is None else lease.data.override(data)
            tree = None if data is None else chosen.tree()
            result = await engine.evaluate_with(self._question(asked), tree, timeout=timeout)
            decision, result = self._conclude(asked, result, lease, chosen)
            version = _agent_version(chosen, result.actor_agent)
        return await self._recorded(asked, decision, result, version)

    def _question(self, asked: _Asked) -> dict[str, Any]:
        with self._timed("input"):
            return policy_input.build(asked.request, now=int(asked.at), state=asked.state)

    def _conclude(
        self, asked: _Asked, result: PolicyResult, lease: Lease, data: RevisionData
    ) -> tuple[Decision, PolicyResult]:
        """Bound the policy's answer and put the decision together; gives the answer as it was bounded, too."""
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
                asked.request, result, data, int(asked.at), lambda bound: self._on_widened(bound, decision_id, revision)
            )
        policy = PolicyRef(revision, lease.digest, asked.state.version)
        return _decision(asked, result, decision_id, policy), result

    def _on_widened(self, bound: str, decision_id: str, revision: str) -> None:
        self._observer.widened(bound)
        _log.error("output_widened", bound=bound, decision_id=decision_id, policy_revision=revision)

    async def _recorded(self, asked: _Asked, decision: Decision, result: PolicyResult, version: str) -> Decision:
        actor = result.actor
        with self._timed("record"):
            await self._recorder.record(
                record.build(
                    asked.request,
                    decision,
                    caller=asked.caller,
                    actor=None if actor is None else {"iss": actor.iss, "sub": actor.sub},
                    actor_agent=result.actor_agent,
                    actor_version=version,
                )
            )
        return decision

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._observer.stage(stage, time.perf_counter() - started)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise EngineError(
            "the deadline passed before the policy was asked",
            status=Status.DEADLINE_EXCEEDED,
            reason="DEADLINE_EXCEEDED",
        )
    return remaining


def _subject_claims(request: ExchangeRequest) -> Mapping[str, Any] | None:
    token = request.subject_token
    return None if token is None else claims_grammar.readable(token.claims)


def _check_parent(request: ExchangeRequest) -> None:
    """Refuse a parent that the token itself does not name: a made-up link would forge the record of the chain."""
    claims = _subject_claims(request)
    if request.parent_decision_id and claims is not None and claims.get("decision_id") != request.parent_decision_id:
        raise ProtocolError(
            "parent_decision_id", "differs from the subject token's decision_id claim", reason="PARENT_CONTRADICTED"
        )


def _root(request: ExchangeRequest, decision_id: str) -> str:
    """Give the id of the chain's first decision: a token continues a chain when it names its decision and the root."""
    claims = _subject_claims(request) or _NO_CLAIMS
    txn = claims.get("txn")
    return (
        str(txn) if claims_grammar.is_name(txn) and claims_grammar.is_name(claims.get("decision_id")) else decision_id
    )


def _agent_version(data: RevisionData, agent_id: str) -> str:
    agent = data.registry.get("agents", {}).get(agent_id) if agent_id else None
    version = agent.get("version") if isinstance(agent, dict) else None
    return version if isinstance(version, str) else ""


def _decision(asked: _Asked, result: PolicyResult, decision_id: str, policy: PolicyRef) -> Decision:
    limits = result.limits
    if result.effect is not Effect.ALLOW or limits is None:
        return Decision(
            decision_id=decision_id,
            request_id=asked.request.request_id,
            effect=Effect.DENY,
            policy=policy,
            evaluated_at=asked.at,
            valid_until=asked.at + ISSUE_WITHIN_SECONDS,
            error=result.error,
            error_description=descriptions.of(result.denials[0].code, result.error),
            denials=result.denials,
            obligations=result.obligations,
            disabled_rules=result.disabled_rules,
        )
    not_after = int(asked.at) + limits.max_lifetime_seconds
    return Decision(
        decision_id=decision_id,
        request_id=asked.request.request_id,
        effect=Effect.ALLOW,
        policy=policy,
        evaluated_at=asked.at,
        valid_until=min(asked.at + ISSUE_WITHIN_SECONDS, float(not_after)),
        narrowed=bool(result.notes),
        notes=result.notes,
        withheld_scope=result.withheld_scope,
        limits=Limits(
            scope=limits.scope,
            audience=limits.audience,
            max_lifetime_seconds=limits.max_lifetime_seconds,
            not_after=not_after,
            issued_token_type=limits.issued_token_type,
            token_type=limits.token_type,
            authorization_details=limits.authorization_details,
            cnf=limits.cnf,
        ),
        issue_claims=IssueClaims(decision_id, _root(asked.request, decision_id)),
        act=result.act,
        disabled_rules=result.disabled_rules,
    )
