"""The process that people see: it has the pid file, the signals, the status page and the workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import structlog

from actas.config import Config
from actas.engine import EngineHealth, PolicyEngine, PolicyResult
from actas.engine.opa_binary import resolve_opa
from actas.errors import EngineError, Status
from actas.evidence.single_use_files import sweep
from actas.policy.bundle import CompiledPolicy
from actas.server.background import background
from actas.server.following import following
from actas.server.pid_file import holding
from actas.server.revisions import OwnRevisions
from actas.server.signals import Signals
from actas.server.status_page import StatusPage
from actas.server.workers import runtime
from actas.server.workers.addresses import Addresses
from actas.server.workers.fleet import Fleet
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.readiness import readiness

_SWEEP_SECONDS = 60.0
_log = structlog.get_logger("actas.server")


class _Everywhere:
    """A revision that serves in every worker. It is asked there, never here."""

    def __init__(self, compiled: CompiledPolicy, package: runtime.Package) -> None:
        self.revision = compiled.revision
        self.bundle_digest = compiled.digest
        self._package = package

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        raise EngineError("a supervisor decides nothing", status=Status.INTERNAL)

    def health(self) -> EngineHealth:
        return EngineHealth(True, "")

    async def close(self) -> None:
        self._package.file.unlink(missing_ok=True)


class Supervised(Protocol):
    """What changes the revision of all workers."""

    trouble: str

    async def activate(self, trigger: str) -> None:
        """Let all workers serve what the sources hold now, or none of them."""

    async def close(self) -> None:
        """Delete what is left."""


class SharedRevisions(OwnRevisions):
    """Revisions that are compiled and tested here, and served by the workers."""

    def __init__(self, config: Config, metrics: FleetMetrics, fleet: Fleet, place: runtime.Runtime, opa: Path) -> None:
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


async def supervise(config: Config) -> None:
    """Serve with workers until SIGTERM or SIGINT. Raises as `actas.server.start.run`."""
    signals = Signals()
    with holding(config.pid_file):
        async with running(config) as (fleet, revisions):
            await signals.obeyed(lambda: revisions.activate("sighup"), fleet.roll)
        _log.info("stopped")


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[tuple[Fleet, Supervised]]:
    """Run the workers as long as the context lasts. Raises as `supervise`."""
    # Before anything else: an approval that is given while the policies are activated is a new one.
    since = time.time()
    async with AsyncExitStack() as stack:
        addresses = Addresses(config.listen)
        stack.callback(addresses.release, config.workers)
        place = stack.enter_context(runtime.made(config.workers))
        metrics = FleetMetrics(
            place.metrics, config.workers, lambda: sum(member.serving for member in fleet.members.values())
        )
        fleet = Fleet(config, place, addresses, metrics, since=since)
        stack.push_async_callback(fleet.stop)
        # They load what they need while the policies are compiled.
        await fleet.start()
        revisions: Supervised
        if config.opa_url:
            revisions, kind = ForeignEverywhere(fleet, metrics), "sidecar"
        else:
            opa = await asyncio.to_thread(resolve_opa)
            revisions, kind = SharedRevisions(config, metrics, fleet, place, opa), config.engine
        stack.push_async_callback(revisions.close)
        await revisions.activate("start")
        metrics.engine(kind)
        if config.metrics_listen is not None:
            page = StatusPage(metrics.exposition, lambda: readiness(config, fleet.members.values(), revisions.trouble))
            await stack.enter_async_context(page.listening(config.metrics_listen))
        await stack.enter_async_context(following(config, revisions.activate))
        await stack.enter_async_context(background("sweep", _sweep(place.approvals)))
        listen = [str(listener) for listener in addresses.of_all(config.workers)]
        revision = fleet.members[0].state.get("revision", "")
        _log.info("serving", listen=listen, revision=revision, engine=kind, workers=config.workers)
        yield fleet, revisions
        _log.info("stopping", grace_seconds=config.grace)


async def _sweep(directory: Path) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        try:
            await asyncio.to_thread(sweep, directory, time.time())
        except (OSError, ValueError) as error:
            # Until it works again nothing is forgotten, which lets nothing through.
            _log.error("approvals_not_swept", problem=type(error).__name__)
