"""A service with several workers, each of which can be asked and found by its number."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from google.protobuf.message import Message
from grpc import aio

from actas import wire
from actas.decision.v1 import service_pb2_grpc
from actas.request import ExchangeRequest
from ports import free_port
from service_support import RunningService, exchange, service

ALONE = [("grpc.use_local_subchannel_pool", 1)]
Stub = Any


class Workers:
    """A running service with its workers."""

    def __init__(self, running: RunningService, port: int, of: int) -> None:
        """Take the service, the port of its status page and the number of workers."""
        self.running = running
        self.port = port
        self.of = of

    def process(self, number: int) -> psutil.Process:
        """Give the process that is worker *number* now."""
        serving = [e for e in self.running.events if e["event"] == "worker_serves" and e["worker"] == number]
        return psutil.Process(serving[-1]["pid"])

    def all(self) -> list[psutil.Process]:
        """Give every worker process there is."""
        children = psutil.Process(self.running.process.pid).children()
        return [child for child in children if any("workers.worker" in word for word in child.cmdline())]

    def serving(self) -> int:
        """Give how many workers serve."""
        return int(self.running.ready(self.port)[1]["workers"]["serving"])

    def metric(self, name: str) -> float:
        """Give the sum of all samples of *name*."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))

    @asynccontextmanager
    async def stubs(self) -> AsyncIterator[dict[int, Stub]]:
        """Give a stub for each worker: connections are made until every worker has one."""
        found: dict[int, Stub] = {}
        async with AsyncExitStack() as stack, asyncio.timeout(30):
            while len(found) < self.of:
                channel = await stack.enter_async_context(aio.insecure_channel(self.running.address, options=ALONE))
                stub = service_pb2_grpc.DecisionServiceStub(channel)  # type: ignore[no-untyped-call]
                found.setdefault((await told(stub, message()))[1], stub)
            yield found


def message(request: ExchangeRequest | None = None) -> Message:
    """Give the message of *request*, or of an exchange that is allowed."""
    return wire.request_to_proto(request or exchange())


async def told(stub: Stub, asked: Message) -> tuple[Any, int]:
    """Give the decision, and the number of the worker that made it."""
    call = stub.Decide(asked, timeout=20)
    answer = await call
    return answer.decision, int(str(dict(await call.trailing_metadata())["actas-worker"]).partition("/")[0])


@asynccontextmanager
async def workers(folder: Path, settings: Mapping[str, Any] | None = None, *, of: int = 2) -> AsyncIterator[Workers]:
    """Run a service with so many workers, logging into *folder*."""
    port = free_port()
    given = {"workers": of, "metrics_listen": f"127.0.0.1:{port}", **(settings or {})}
    async with service(folder, given) as running:
        yield Workers(running, port, of)
