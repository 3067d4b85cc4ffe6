"""Which revision serves: one reference that is swapped, and kept alive by whoever still decides with it."""

from __future__ import annotations

import asyncio
import contextlib

from actas.engine import PolicyEngine
from actas.errors import EngineError
from actas.policy.bundle import CompiledPolicy
from actas.policy.data import PolicyData
from actas.policy.metadata import RuleTable


class ServingRevision:
    """An engine together with the very data and rule table that it was compiled from."""

    def __init__(self, engine: PolicyEngine, policy: CompiledPolicy) -> None:
        self.engine = engine
        self.policy = policy
        self._leases = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @property
    def data(self) -> PolicyData:
        """The data of this revision."""
        return self.policy.data

    @property
    def metadata(self) -> RuleTable:
        """The rule table of this revision."""
        return self.policy.metadata

    @property
    def digest(self) -> str:
        """The digest of the bundle that the engine serves."""
        return self.policy.digest

    def take(self) -> None:
        """Count one more decision that is being made with this revision."""
        self._leases += 1
        self._unused.clear()

    def release(self) -> None:
        """Count one decision less."""
        self._leases -= 1
        if not self._leases:
            self._unused.set()

    async def close(self, *, drain_seconds: float) -> None:
        """Wait until nobody decides with it any more, at most *drain_seconds*, then end the engine."""
        # A caller that hangs longer than any deadline gets an engine error instead of a decision.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._unused.wait(), drain_seconds)
        await self.engine.close()
        self.policy.discard()


class _Lease:
    """One use of a revision. A class, because a generator would cost four times as much in every decision."""

    __slots__ = ("_revision",)

    def __init__(self, revision: ServingRevision | None) -> None:
        self._revision = revision

    async def __aenter__(self) -> ServingRevision:
        if self._revision is None:
            raise EngineError("no policy revision is active")
        self._revision.take()
        return self._revision

    async def __aexit__(self, *_: object) -> None:
        if self._revision is not None:
            self._revision.release()


class EngineHandle:
    """The atomic reference to the serving revision. One decision uses one lease, so one answer is of one revision."""

    def __init__(self) -> None:
        self._current: ServingRevision | None = None

    @property
    def current(self) -> ServingRevision | None:
        """The revision that serves, to look at; decisions take a lease."""
        return self._current

    def lease(self) -> _Lease:
        """Keep the current revision for the time of one decision; entering raises `EngineError` when none serves."""
        return _Lease(self._current)

    def swap(self, revision: ServingRevision | None) -> ServingRevision | None:
        """Let *revision* serve from now on and give the one before, which the caller closes."""
        before, self._current = self._current, revision
        return before
