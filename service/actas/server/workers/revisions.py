"""The revisions of a worker: loaded from what the supervisor has compiled and tested, and served when it says so."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

from actas.config import Config
from actas.engine import EngineHealth
from actas.engine.opa_binary import resolve_opa
from actas.errors import EngineError, Status
from actas.policy.activation import DRAIN_SECONDS
from actas.policy.bundle import CompiledPolicy
from actas.policy.data import PolicyData
from actas.policy.engines import Engines
from actas.policy.handle import EngineHandle, ServingRevision
from actas.policy.metadata import RuleTable
from actas.server.metrics import Metrics
from actas.server.workers.channel import Message
from actas.server.workers.runtime import unpack


class LoadedRevisions:
    """The revision that serves in this worker, and the one that is ready to."""

    trouble = ""

    def __init__(self, config: Config, metrics: Metrics, directory: Path) -> None:
        """Keep the files of revisions in *directory*; nothing serves until the first `commit`."""
        self.engine = config.engine
        self.handle = EngineHandle()
        self._metrics = metrics
        self._directory = directory
        self._prepared: ServingRevision | None = None
        self._draining: set[asyncio.Task[None]] = set()

    @property
    def revision(self) -> str:
        """The revision that serves; empty when none does."""
        return self.handle.current.policy.revision if self.handle.current else ""

    @property
    def data(self) -> PolicyData | None:
        """The policy data of the revision that serves."""
        return self.handle.current.data if self.handle.current else None

    def rules(self, revision: str) -> RuleTable:
        """Give the rules of *revision* while it serves."""
        current = self.handle.current
        return current.metadata if current is not None and current.policy.revision == revision else RuleTable(())

    def health(self) -> EngineHealth:
        """Whether the engine can answer, and if not, why."""
        current = self.handle.current
        return current.engine.health() if current is not None else EngineHealth(False, "no policy revision is active")

    async def prepare(self, package: Message) -> str:
        """Load *package* beside the one that serves, and give its revision; raises EngineError, ActivationError."""
        await self.abandon()
        compiled, machine_code = await asyncio.to_thread(unpack, package)
        own = await asyncio.to_thread(self._own, compiled)
        try:
            engines = Engines(self.engine, await self._opa())
            await asyncio.to_thread(engines.adopt, own, machine_code)
            engine = await engines.serving(own, on_batch=self._metrics.batch, on_error=self._metrics.engine_error)
        except BaseException:
            own.discard()
            raise
        self._prepared = ServingRevision(engine, own)
        return own.revision

    def commit(self, revision: str) -> None:
        """Serve what was prepared; raises EngineError when that is not *revision*."""
        if self._prepared is None or self._prepared.policy.revision != revision:
            raise EngineError("another revision was prepared", status=Status.INTERNAL)
        before = self.handle.swap(self._prepared)
        self._prepared = None
        if before is not None:
            self._drain(before)

    async def abandon(self) -> None:
        """Let go of what was prepared and does not come to serve."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            await prepared.close(drain_seconds=0)

    async def activate(self, trigger: str) -> None:
        """Do nothing: the supervisor activates."""

    async def close(self) -> None:
        """Let decisions end, then the engines."""
        await self.abandon()
        if (current := self.handle.swap(None)) is not None:
            self._drain(current)
        await asyncio.gather(*self._draining)

    async def _opa(self) -> Path:
        """Find the binary of a sidecar; the embedded engine was compiled by the supervisor and needs none."""
        return await asyncio.to_thread(resolve_opa) if self.engine == "sidecar" else Path()

    def _own(self, compiled: CompiledPolicy) -> CompiledPolicy:
        """Give *compiled* with a bundle that stays until this worker is done with it, whatever others do."""
        path = self._directory / compiled.path.name
        try:
            path.unlink(missing_ok=True)
            os.link(compiled.path, path)
        except OSError as error:
            raise EngineError(f"the revision's bundle cannot be had: {error.strerror}") from None
        return replace(compiled, path=path)

    def _drain(self, revision: ServingRevision) -> None:
        task = asyncio.create_task(revision.close(drain_seconds=DRAIN_SECONDS))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)
