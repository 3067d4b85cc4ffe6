"""The load generator that looks into every answer: `load.py grpc|http METHOD ADDRESS CALLERS CALLS SECONDS`.

The request is on standard input. It sends CALLS calls, or for SECONDS where CALLS is 0, and prints one JSON object:
`latency_ms` of each answer, `failed` with how often each error came, `warm_up` calls sent before, and the `seconds`
that all of it took.
An answer that is no allow is an error. It is slower than ghz and wrk, but needs nothing installed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import uvloop
from grpc import aio

from actas.decision.v1 import decision_pb2, service_pb2

CHANNELS = 4
WARM_UP = 4
ALLOW, PREFIX = "ALLOW", "EFFECT_"
Call = Callable[[], Awaitable[None]]
Report = dict[str, object]


async def run(call: Call, callers: int, turns: Iterator[int]) -> tuple[list[float], Counter[str]]:
    """Call once per turn by *callers* callers who each wait for their answer; gives milliseconds and errors."""
    latencies: list[float] = []
    failed: Counter[str] = Counter()

    async def caller() -> None:
        for _ in turns:
            started = time.perf_counter()
            try:
                await call()
            except aio.AioRpcError as error:
                failed[f"{error.code().name}: {error.details()}"] += 1
            except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:
                failed[f"{type(error).__name__}: {error}"[:200]] += 1
            latencies.append(1000 * (time.perf_counter() - started))

    await asyncio.gather(*(caller() for _ in range(callers)))
    return latencies, failed


async def measured(call: Call, callers: int, calls: int, seconds: float) -> Report:
    """Warm up, then measure."""
    started = time.monotonic()
    _, failed = await run(call, callers, iter(range(callers * WARM_UP)))
    turns = iter(range(calls)) if calls else _until(time.monotonic() + seconds)
    latencies, more = await run(call, callers, turns)
    took = time.monotonic() - started
    return {"latency_ms": latencies, "failed": failed + more, "seconds": took, "warm_up": callers * WARM_UP}


def _until(end: float) -> Iterator[int]:
    turn = 0
    while time.monotonic() < end:
        yield turn
        turn += 1


def effect(method: str, answer: bytes) -> str:
    """Give ALLOW when *answer*, of Decide or DecideBatch, allows all that was asked, or else what stands in its way."""
    if not method.endswith("/DecideBatch"):
        return decision_pb2.Effect.Name(service_pb2.DecideResponse.FromString(answer).decision.effect)[len(PREFIX) :]
    items = service_pb2.DecideBatchResponse.FromString(answer).items
    for item in items:
        if item.decision.effect != decision_pb2.EFFECT_ALLOW:
            return item.error.message or decision_pb2.Effect.Name(item.decision.effect)[len(PREFIX) :]
    return ALLOW if items else "nothing"


async def grpc_load(method: str, address: str, payload: bytes, callers: int, calls: int, seconds: float) -> Report:
    """Ask over a few channels, as a client with many callers does."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [aio.insecure_channel(address, options=options) for _ in range(min(CHANNELS, callers))]
    methods = [
        channel.unary_unary(f"/{method}", request_serializer=bytes, response_deserializer=bytes) for channel in channels
    ]
    turn = 0

    async def call() -> None:
        nonlocal turn
        turn += 1
        answer = await methods[turn % len(methods)](payload, timeout=30)
        if (got := effect(method, answer)) != ALLOW:
            raise RuntimeError(f"answered with {got}")

    report = await measured(call, callers, calls, seconds)
    for channel in channels:
        await channel.close()
    return report


async def http_load(method: str, address: str, payload: bytes, callers: int, calls: int, seconds: float) -> Report:
    """Post the policy input to OPA's REST interface."""
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def call() -> None:
            async with session.post(f"http://{address}/{method.lstrip('/')}", data=payload) as response:
                answer = await response.json()
                if response.status != 200 or answer.get("result", {}).get("effect") != ALLOW:
                    raise RuntimeError(f"answered with {response.status} {answer}")

        return await measured(call, callers, calls, seconds)


def main() -> None:
    """Run one load and print what came of it."""
    protocol, method, address, callers, calls, seconds = sys.argv[1:]
    load = {"grpc": grpc_load, "http": http_load}[protocol]
    payload = sys.stdin.buffer.read()
    print(json.dumps(uvloop.run(load(method, address, payload, int(callers), int(calls), float(seconds)))))


if __name__ == "__main__":
    main()
