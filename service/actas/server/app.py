"""A service in one process: what is started, in which order, how it changes its policies, and how it ends."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc import aio

from actas.config import Config
from actas.decide import Decider
from actas.decision import Decision
from actas.engine.opa_binary import resolve_opa
from actas.explanation import FiredRule, explain
from actas.listener import Listener
from actas.ports import SingleUse
from actas.server import garbage
from actas.server.background import background
from actas.server.doorway import Doorway
from actas.server.following import following
from actas.server.host import Host
from actas.server.metrics import Metrics
from actas.server.pid_file import holding
from actas.server.place import ALONE, Place
from actas.server.receipts import Books, keeping, prepare
from actas.server.revisions import ForeignRevision, OwnRevisions, Revisions
from actas.server.revocations import Revocations, known
from actas.server.servicer import SERVICE, Servicer
from actas.server.signals import Signals
from actas.server.status_page import StatusPage

_HEALTH_SECONDS = 0.5
_log = structlog.get_logger("actas.server")


class Service:
    """A service that runs. Made by `running`."""

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        revisions: Revisions,
        *,
        since: float,
        books: Books,
        revocations: Revocations,
        place: Place = ALONE,
        single_use: SingleUse | None = None,
    ) -> None:
        """Wire the parts together; nothing listens yet.

        *since* is when the service started, *books* where its decisions are recorded, *revocations* what is revoked.
        What was used is remembered in the store of *books*; without one in *single_use*, and only *since* then.
        """
        self.metrics = metrics
        self.revisions = revisions
        self.listening: tuple[Listener, ...] = ()
        self.status_port = 0
        self._revocations = revocations
        decider = Decider(
            revisions.handle,
            books.recorder,
            state=revocations.state,
            observer=metrics,
            single_use=single_use if books.memory is None else books.memory.single_use,
            rates=None if books.memory is None else books.memory.rates,
            audience=config.audience,
            since=since if books.memory is None else books.memory.since,
        )
        servicer = Servicer(
            decider,
            self._explain,
            metrics,
            config.limits,
            default_timeout=config.default_timeout,
            max_timeout=config.max_timeout,
            in_step=revisions.engine == "wasm",
        )
        self._servicer = servicer
        self._books = books
        self._doorway = Doorway(config.limits, config.default_timeout, config.max_timeout)
        self._config = config
        self._place = place
        self._told_health: tuple[bool, str] | None = None

    def readiness(self) -> dict[str, Any]:
        """Say whether decisions can be made, by which revision, and everything that is wrong."""
        engine = self.revisions.health()
        detail = {
            "revision": self.revisions.revision,
            "engine": engine.reason,
            "activation": self.revisions.trouble,
            "state": self._revocations.state.problem,
            "receipts": self._books.trouble,
        }
        return {"ready": engine.ok, "evaluates": self.revisions.engine} | {
            name: value for name, value in detail.items() if value
        }

    async def reload(self, trigger: str) -> None:
        """Activate the policies as they are now. A failure keeps what serves, and is logged where it happens."""
        await self.revisions.activate(trigger)
        garbage.settle()

    def _services(self) -> dict[str, grpc.GenericRpcHandler[Any, Any]]:
        """Give what is hosted, by full name; the first is the one whose health is that of the engine."""
        services = {SERVICE: self._servicer.handler()}
        store, feed = self._books.store, self._revocations.feed
        if store is not None and feed is not None:
            from actas.server import revocation_service  # noqa: PLC0415 - SQLAlchemy is slow to load

            services[revocation_service.SERVICE] = revocation_service.RevocationServicer(
                feed, store, self._doorway, data=lambda: self.revisions.data, audience=self._config.audience
            ).handler()
        reports = self._books.reports
        if store is not None and reports is not None:
            from actas.server import receipt_service  # noqa: PLC0415 - SQLAlchemy is slow to load

            receipts = receipt_service.ReceiptServicer(store.database, reports, self._doorway)
            services[receipt_service.SERVICE] = receipts.handler()
        return services

    def _explain(self, seen: Mapping[str, Any], decision: Decision) -> tuple[FiredRule, ...]:
        return explain(decision, seen, self.revisions.rules(decision.policy.revision))

    @asynccontextmanager
    async def hosting(self) -> AsyncIterator[None]:
        """Answer calls, and stop gracefully: nothing new, what is in flight is finished."""
        async with AsyncExitStack() as stack:
            around: list[aio.ServerInterceptor[Any, Any]] = []
            if self._config.otlp_endpoint:
                from actas.server import tracing  # noqa: PLC0415 - needs the optional extra

                interceptor, flush = tracing.start(self._config.otlp_endpoint)
                stack.push_async_callback(asyncio.to_thread, flush)
                around.append(interceptor)
            host = Host(self._config, self._services(), self.metrics, around, self._place)
            self.listening = await host.start()
            stack.push_async_callback(host.stop)
            await self._tell_health(host)
            await stack.enter_async_context(background("health", self._watch_health(host)))
            yield

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Answer calls, tell how it goes, and follow the policies where that is asked for."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.hosting())
            if self._config.metrics_listen is not None:
                page = StatusPage(self.metrics.exposition, self.readiness)
                self.status_port = await stack.enter_async_context(page.listening(self._config.metrics_listen))
            await stack.enter_async_context(following(self._config, self.reload))
            _log.info(
                "serving",
                listen=[str(listener) for listener in self.listening],
                revision=self.revisions.revision,
                engine=self.revisions.engine,
            )
            yield
            _log.info("stopping", grace_seconds=self._config.grace)

    async def _watch_health(self, host: Host) -> None:
        while True:
            await asyncio.sleep(_HEALTH_SECONDS)
            await self._tell_health(host)

    async def _tell_health(self, host: Host) -> None:
        found = self.revisions.health()
        now = (found.ok, found.reason)
        if now != self._told_health:
            if not found.ok or self._told_health is not None:
                (_log.info if found.ok else _log.error)("health", ready=found.ok, reason=found.reason)
            self._told_health = now
            await host.serving(found.ok)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Service]:
    """Run a service with *config* as long as the context lasts.

    Raises:
        ConfigError: an address or file cannot be had.
        ActivationError: the policies may not serve.
        EngineError: OPA does not come up.
        OpaNotFoundError: there is no OPA binary.
        StoreError: the store cannot be reached, or does not keep what is committed.

    """
    # Before anything else: an approval that is given while the policies are activated is a new one.
    since = time.time()
    metrics = Metrics()
    await asyncio.to_thread(prepare, config)
    async with AsyncExitStack() as stack:
        revisions: Revisions
        if config.opa_url:
            revisions = await ForeignRevision.connect(config, metrics)
            metrics.serving(revisions.revision, "")
        else:
            opa = await asyncio.to_thread(resolve_opa)
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="actas-serve-")))
            revisions = OwnRevisions(config, metrics, opa=opa, directory=directory)
        stack.push_async_callback(revisions.close)
        await revisions.activate("start")
        metrics.engine(revisions.engine)
        books = await stack.enter_async_context(keeping(config, observe=metrics.store))
        revocations = await stack.enter_async_context(known(config, books.store))
        garbage.settle()
        service = Service(config, metrics, revisions, since=since, books=books, revocations=revocations)
        await stack.enter_async_context(service.serving())
        yield service


async def serve_alone(config: Config) -> None:
    """Serve in this process until SIGTERM or SIGINT; SIGHUP activates the policies again. Raises as `running`."""
    signals = Signals()
    with holding(config.pid_file):
        async with running(config) as service:
            await signals.obeyed(lambda: service.reload("sighup"), _nothing_to_replace)
        _log.info("stopped")


async def _nothing_to_replace() -> None:
    _log.warning("no workers are replaced: this service is one process")
