"""Activation: the one way in which a policy revision comes to serve, at the start and at every change.

Compile, test on an instance of its own, start, swap, drain. Any failure before the swap leaves the
revision that served, and says why in the log, to the caller's hooks and in `Activator.detail`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from actas.engine import PolicyEngine
from actas.errors import ActasError, ActivationError, Problem
from actas.policy.bundle import CompiledPolicy
from actas.policy.handle import EngineHandle, ServingRevision

# Longer than any deadline that the server accepts for a decision.
DRAIN_SECONDS = 30.0

_log = structlog.get_logger("actas.activation")


@dataclass(frozen=True, slots=True)
class ActivationRecord:
    """What became of one activation. `seconds` is how long it took until the swap or the failure."""

    trigger: str
    at: datetime
    seconds: float
    ok: bool
    revision: str
    digest: str
    previous: str
    problems: tuple[Problem, ...] = ()
    weaker: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether another revision serves now than before."""
        return self.ok and self.revision != self.previous


class Activator:
    """Brings revisions to serve, one at a time.

    *compile_revision* blocks and runs in a thread. *run_suites* gets the compiled revision and gives a
    problem for each case that fails on a checking instance (`CompiledPolicy.for_checking`). *start_engine*
    starts the instance that will serve. *on_record* sees every record, for metrics.
    """

    def __init__(
        self,
        handle: EngineHandle,
        *,
        compile_revision: Callable[[], CompiledPolicy],
        run_suites: Callable[[CompiledPolicy], Awaitable[Sequence[Problem]]],
        start_engine: Callable[[CompiledPolicy], Awaitable[PolicyEngine]],
        on_record: Callable[[ActivationRecord], None] = lambda _record: None,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._handle = handle
        self._compile = compile_revision
        self._run_suites = run_suites
        self._start_engine = start_engine
        self._on_record = on_record
        self._drain_seconds = drain_seconds
        self._one_at_a_time = asyncio.Lock()
        self._draining: set[asyncio.Task[None]] = set()
        self.last: ActivationRecord | None = None

    @property
    def detail(self) -> str:
        """Say for health what the last activation failed of; empty when it did not."""
        if self.last is None or self.last.ok:
            return ""
        kept = f"revision {self.last.previous} still serves" if self.last.previous else "no revision serves"
        first = str(self.last.problems[0])
        more = f" (and {len(self.last.problems) - 1} more)" if len(self.last.problems) > 1 else ""
        return f"the last activation ({self.last.trigger}) failed, {kept}: {first}{more}"

    async def activate(self, trigger: str) -> ActivationRecord:
        """Activate what the sources hold now; *trigger* is a word such as `start`, `sighup` or `watch`.

        Never raises for a revision that is no good: the record says so.
        """
        async with self._one_at_a_time:
            started, at = time.perf_counter(), datetime.now(UTC)
            current = self._handle.current
            previous = current.policy.revision if current else ""
            compiled: CompiledPolicy | None = None
            problems: tuple[Problem, ...] = ()
            try:
                compiled = await self._prepare(current)
            except ActivationError as error:
                problems = tuple(error.problems)
            except ActasError as error:
                problems = (Problem(str(error)),)
            except Exception as error:
                _log.exception("activation_crashed", trigger=trigger)
                problems = (Problem(f"activation failed unexpectedly: {type(error).__name__}"),)
            record = ActivationRecord(
                trigger=trigger,
                at=at,
                seconds=time.perf_counter() - started,
                ok=not problems,
                revision=compiled.revision if compiled else "",
                digest=compiled.digest if compiled else "",
                previous=previous,
                problems=problems,
                weaker=compiled.weaker if compiled else (),
            )
            self.last = record
            self._report(record)
            return record

    async def close(self) -> None:
        """Stop serving: end the current engine when its decisions are made, and wait for the older ones."""
        if (current := self._handle.swap(None)) is not None:
            self._drain(current)
        await asyncio.gather(*self._draining)

    async def _prepare(self, current: ServingRevision | None) -> CompiledPolicy:
        compiled = await asyncio.to_thread(self._compile)
        try:
            # Suites are no part of the revision: the same policy may come with others, which must pass too.
            if problems := await self._run_suites(compiled):
                raise ActivationError(list(problems))
            if current is not None and current.policy.revision == compiled.revision:
                compiled.discard()
                return current.policy
            engine = await self._start_engine(compiled)
        except BaseException:
            compiled.discard()
            raise
        before = self._handle.swap(ServingRevision(engine, compiled))
        if before is not None:
            self._drain(before)
        return compiled

    def _drain(self, revision: ServingRevision) -> None:
        task = asyncio.create_task(revision.close(drain_seconds=self._drain_seconds))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    def _report(self, record: ActivationRecord) -> None:
        if record.ok:
            _log.info(
                "policy_activated",
                trigger=record.trigger,
                revision=record.revision,
                previous=record.previous,
                changed=record.changed,
                seconds=round(record.seconds, 3),
            )
        else:
            _log.error(
                "policy_activation_failed",
                trigger=record.trigger,
                serving=record.previous,
                problems=[str(problem) for problem in record.problems],
                seconds=round(record.seconds, 3),
            )
        for sentence in record.weaker if record.changed else ():
            _log.warning("policy_setting_weaker", revision=record.revision, setting=sentence)
        self._on_record(record)
