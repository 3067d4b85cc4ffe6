"""The load generator: `load.py grpc|opa ADDRESS CALLERS CALLS`, the request on standard input.

Every answer must be an allow: a server that fails fast must not look like a fast server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import uvloop
from grpc import aio

from actas.decision.v1 import decision_pb2, service_pb2

CHANNELS = 4
Call = Callable[[], Awaitable[None]]


async def run(call: Call, callers: int, calls: int) -> list[float]:
    """Make *calls* calls by *callers* callers who each wait for their answer; gives latencies in seconds."""
    latencies: list[float] = []
    remaining = iter(range(calls))

    async def caller() -> None:
        for _ in remaining:
            started = time.perf_counter()
            await call()
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return latencies


async def grpc_load(address: str, payload: bytes, callers: int, calls: int) -> list[float]:
    """Ask `DecisionService.Decide` over a few channels, as a client with many callers does."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    channels = [aio.insecure_channel(address, options=options) for _ in range(min(CHANNELS, callers))]
    methods = [
        channel.unary_unary(
            "/actas.decision.v1.DecisionService/Decide",
            request_serializer=bytes,
            response_deserializer=service_pb2.DecideResponse.FromString,
        )
        for channel in channels
    ]
    turn = 0

    async def call() -> None:
        nonlocal turn
        turn += 1
        answer = await methods[turn % len(methods)](payload, timeout=30)
        if answer.decision.effect != decision_pb2.EFFECT_ALLOW:
            raise RuntimeError(f"not an allow: {answer}")

    await run(call, callers, callers * 4)
    latencies = await run(call, callers, calls)
    for channel in channels:
        await channel.close()
    return latencies


async def opa_load(address: str, payload: bytes, callers: int, calls: int) -> list[float]:
    """Post the same policy input to OPA's REST interface."""
    url = f"http://{address}/v1/data/actas/decision/decision?strict-builtin-errors=true"
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def call() -> None:
            async with session.post(url, data=payload) as response:
                answer = await response.json()
                if answer["result"]["effect"] != "ALLOW":
                    raise RuntimeError(f"not an allow: {answer}")

        await run(call, callers, callers * 4)
        return await run(call, callers, calls)


def main() -> None:
    """Run one load and print the latencies as JSON."""
    kind, address, callers, calls = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    load = {"grpc": grpc_load, "opa": opa_load}[kind]
    payload = sys.stdin.buffer.read()
    print(json.dumps(uvloop.run(load(address, payload, callers, calls))))


if __name__ == "__main__":
    main()
