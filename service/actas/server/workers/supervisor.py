"""The process that people see: it has the pid file, the signals, the status page and the workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from actas.config import Config
from actas.engine.opa_binary import resolve_opa
from actas.evidence.single_use_files import sweep
from actas.server.background import background
from actas.server.following import following
from actas.server.pid_file import holding
from actas.server.receipts import prepare
from actas.server.signals import Signals
from actas.server.status_page import StatusPage
from actas.server.workers import runtime
from actas.server.workers.addresses import Addresses
from actas.server.workers.fleet import Fleet
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.readiness import readiness
from actas.server.workers.shared import ForeignEverywhere, SharedRevisions, Supervised

_SWEEP_SECONDS = 60.0
_log = structlog.get_logger("actas.server")


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
    await asyncio.to_thread(prepare, config)
    async with AsyncExitStack() as stack:
        addresses = Addresses(config.listen)
        stack.callback(addresses.release)
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
