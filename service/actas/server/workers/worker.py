"""One worker process: it does what its supervisor says, and ends with it.

Run as a module. Arguments: the descriptor of the socket to the supervisor, the supervisor's process id, the file of
`Settings`.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
import uvloop
from prometheus_client import values

from actas.engine.exec_child import PR_SET_PDEATHSIG
from actas.errors import EngineError, Status
from actas.evidence.single_use_files import FileSingleUse
from actas.server import garbage, log
from actas.server.app import Service
from actas.server.background import background
from actas.server.metrics import Metrics
from actas.server.place import Place
from actas.server.receipts import keeping
from actas.server.revisions import ForeignRevision
from actas.server.revocations import known
from actas.server.workers.channel import Channel, Message, opened
from actas.server.workers.revisions import LoadedRevisions
from actas.server.workers.runtime import Runtime, Settings, read_settings

_TELL_SECONDS = 0.5
_log = structlog.get_logger("actas.server")


class Worker:
    """What the supervisor talks to."""

    def __init__(self, settings: Settings, metrics: Metrics, stack: AsyncExitStack) -> None:
        """Prepare; what is started later ends with *stack*."""
        self._settings = settings
        self._runtime = Runtime(settings.runtime)
        self._metrics = metrics
        self._stack = stack
        self._revisions: LoadedRevisions | ForeignRevision | None = None
        self._loaded: LoadedRevisions | None = None
        self._service: Service | None = None
        self._abandoning: asyncio.Task[None] | None = None
        self.stopped = asyncio.Event()

    async def answer(self, question: str, members: Message) -> Message:
        """Do what the supervisor asks for."""
        match question:
            case "ping":
                return {}
            case "prepare":
                return {"revision": await self._prepare(members)}
            case "commit":
                if self._loaded is not None:
                    self._loaded.commit(members["revision"])
                    garbage.settle()
                return {}
            case "serve":
                return await self._serve()
        raise EngineError(f"unknown question {question}", status=Status.INTERNAL)

    def learn(self, news: Message) -> None:
        """Follow an order that is not answered."""
        if news["do"] == "stop":
            self.stopped.set()
        elif self._loaded is not None:
            self._abandoning = asyncio.create_task(self._loaded.abandon())

    async def tell(self, channel: Channel) -> None:
        """Tell the supervisor whenever it goes otherwise than before."""
        told: Message = {}
        while True:
            if self._service is not None and (now := self._service.readiness()) != told:
                channel.tell(now)
                told = now
            await asyncio.sleep(_TELL_SECONDS)

    async def _prepare(self, package: Message) -> str:
        config = self._settings.config
        if config.opa_url:
            return await self._connect(package["revision"])
        if self._revisions is None:
            directory = self._runtime.working_directory(self._settings.number, self._settings.generation)
            directory.mkdir(mode=0o700, exist_ok=True)
            self._loaded = self._revisions = LoadedRevisions(config, self._metrics, directory)
            self._stack.push_async_callback(self._loaded.close)
        if self._loaded is None:
            raise EngineError("another OPA is asked here", status=Status.INTERNAL)
        return await self._loaded.prepare(package)

    async def _connect(self, expected: str) -> str:
        if self._revisions is None:
            self._revisions = await ForeignRevision.connect(self._settings.config, self._metrics)
            self._stack.push_async_callback(self._revisions.close)
        found = self._revisions.revision
        if expected not in ("", found):
            raise EngineError(
                f"that OPA serves {found} now, and {expected} was checked: start the service again",
                reason="ENGINE_REVISION_CHANGED",
            )
        return found

    async def _serve(self) -> Message:
        settings, revisions = self._settings, self._revisions
        if revisions is None or self._service is not None:
            raise EngineError("there is nothing to serve", status=Status.INTERNAL)
        place = Place(settings.number, settings.of)
        books = await self._stack.enter_async_context(keeping(settings.config, place, observe=self._metrics.store))
        revocations = await self._stack.enter_async_context(known(settings.config, books.store))
        service = Service(
            settings.config,
            self._metrics,
            revisions,
            since=settings.since,
            books=books,
            revocations=revocations,
            place=place,
            single_use=FileSingleUse(self._runtime.approvals),
        )
        garbage.settle()
        await self._stack.enter_async_context(service.hosting())
        self._service = service
        return service.readiness()


async def work(settings: Settings, descriptor: int) -> None:
    """Serve until the supervisor says stop, or is gone."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(settings.runtime / "metrics")
    # By default a process id tells the files apart, and each start would leave two more.
    values.ValueClass = values.MultiProcessValue(lambda: settings.metrics)  # type: ignore[no-untyped-call]  # untyped there
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        worker = Worker(settings, Metrics(), stack)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stopped.set)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(number, _log.debug, "the supervisor is to be asked")
        channel = Channel(await opened(socket.socket(fileno=descriptor)), answer=worker.answer, news=worker.learn)
        async with background("tell", worker.tell(channel)), background("channel", _until_gone(channel, worker)):
            await worker.stopped.wait()
            _log.info("worker_stopping", grace_seconds=settings.config.grace)
            await stack.aclose()


async def _until_gone(channel: Channel, worker: Worker) -> None:
    await channel.run()
    worker.stopped.set()


def main(descriptor: int, parent: int, file: Path) -> None:
    """Begin, unless the supervisor is gone already."""
    # The socket tells it as well, but not to a process that hangs.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("the supervisor of this worker is gone")
    settings = read_settings(file)
    log.configure(settings.config.log_level, settings.config.log_format, worker=settings.number)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work(settings, descriptor))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
