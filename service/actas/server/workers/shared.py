"""The revision that all workers serve, as their supervisor has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from actas.config import Config
from actas.engine import EngineHealth, PolicyEngine, PolicyResult
from actas.errors import EngineError, Status
from actas.policy.bundle import CompiledPolicy
from actas.server.revisions import OwnRevisions
from actas.server.workers.fleet import Fleet
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.runtime import Package, Runtime


class _Everywhere:
    """A revision that serves in every worker. It is asked there, never here."""

    def __init__(self, compiled: CompiledPolicy, package: Package) -> None:
        self.revision = compiled.revision
        self.bundle_digest = compiled.digest
        self._package = package

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        del policy_input, timeout
        raise EngineError("a supervisor decides nothing", status=Status.INTERNAL)

    def health(self) -> EngineHealth:
        return EngineHealth(True, "")

    async def close(self) -> None:
        self._package.file.unlink(missing_ok=True)


class Supervised(Protocol):
    """What changes the revision of all workers."""

    @property
    def trouble(self) -> str:
        """What went wrong with the last change of revision; empty when nothing did."""

    async def activate(self, trigger: str) -> None:
        """Let all workers serve what the sources hold now, or none of them."""

    async def close(self) -> None:
        """Delete what is left."""


class SharedRevisions(OwnRevisions):
    """Revisions that are compiled and tested here, and served by the workers."""

    def __init__(self, config: Config, metrics: FleetMetrics, fleet: Fleet, place: Runtime, opa: Path) -> None:
        """Prepare; nothing serves until the first `activate`."""
        super().__init__(config, metrics, opa=opa, directory=place.revisions)
        self._fleet = fleet
        self._place = place

    async def _start_engine(self, compiled: CompiledPolicy) -> PolicyEngine:
        machine_code = await self._engines.machine_code(compiled)
        package = await asyncio.to_thread(self._place.pack, compiled, machine_code)
        try:
            await self._fleet.distribute(package)
        except BaseException:
            package.file.unlink(missing_ok=True)
            raise
        return _Everywhere(compiled, package)


class ForeignEverywhere:
    """The revision of somebody else's OPA, which every worker asks and must find the same."""

    trouble = ""

    def __init__(self, fleet: Fleet, metrics: FleetMetrics) -> None:
        self._fleet = fleet
        self._metrics = metrics

    async def activate(self, trigger: str) -> None:
        """Let the workers connect at the start; afterwards nothing: that OPA's owner changes its policies."""
        if trigger == "start":
            self._metrics.serving(await self._fleet.distribute(None), "")

    async def close(self) -> None:
        """Leave that OPA as it is."""
