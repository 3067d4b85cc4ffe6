"""What each stage of one decision costs the service: CPU microseconds, in one process and without the network.

The stages are the service's own functions over the base exchange. `whole` is the servicer's method, from the bytes of
the request to the bytes of the answer, its record written to a file; what is left of a call is gRPC's and asyncio's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import uvloop
import world
from rich.console import Console
from rich.table import Table

from actas import answer, ceiling, policy_input, wire
from actas.decide import Decider
from actas.decision import PolicyRef
from actas.decision.v1 import request_pb2, service_pb2
from actas.engine.opa_binary import resolve_opa
from actas.engine.question import encoded
from actas.engine.result import parse_result
from actas.engine.wasm.answer import read
from actas.engine.wasm.instance import Instance
from actas.engine.wasm.module import WasmModule
from actas.identifiers import DecisionIds
from actas.limits import RequestLimits
from actas.policy.bundle import CompiledPolicy, compile_policy
from actas.policy.engines import Engines
from actas.policy.handle import EngineHandle, ServingRevision
from actas.policy.state import RevocationState
from actas.receipts import record
from actas.receipts.record import LogRecorder
from actas.server import callers, garbage, log
from actas.server.metrics import Metrics
from actas.server.servicer import Servicer

_BLOCK, _BLOCKS, _BATCH = 100, 15, 16


class _Call:
    """What a servicer reads of a call."""

    def time_remaining(self) -> float:
        return 5.0

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"


async def _spent(work: Callable[[], Awaitable[object]]) -> float:
    """Give the CPU microseconds of one call: the lowest of the blocks, because others use the machine, too."""
    blocks = []
    for _ in range(_BLOCKS):
        began = time.thread_time()
        for _ in range(_BLOCK):
            await work()
        blocks.append((time.thread_time() - began) / _BLOCK * 1e6)
    return min(blocks)


def _plain(work: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def done() -> object:
        return work()

    return done


def _pure(compiled: CompiledPolicy, instance: Instance) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give the stages that compute only, each with what the ones before it gave."""
    limits, state, ids, metrics = RequestLimits(), RevocationState.fresh(), DecisionIds(), Metrics()
    message, now = world.message(), time.time()

    def parse() -> Any:
        return wire.request_from_proto(wire.decode(request_pb2.DecideRequest, message), limits)

    request = parse()
    yield "parse and validate the message", parse
    yield "look up revocations", lambda: state.lookup(request)
    revoked = state.lookup(request)

    def build() -> Any:
        return policy_input.build(request, now=int(now), state=revoked)

    asked = build()
    yield "build the input", build
    question = encoded(asked)
    yield "write it as JSON", lambda: encoded(asked)
    yield "evaluate (WebAssembly)", lambda: instance.run(question, seconds=0.2)
    text = instance.run(question, seconds=0.2)
    yield "read the answer", lambda: parse_result(read(text))
    result = parse_result(read(text))
    yield "ceiling", lambda: ceiling.bound(request, result, compiled.data, int(now))
    policy = PolicyRef(compiled.revision, compiled.digest, "none")

    def decision() -> Any:
        return answer.decision(request, result, at=now, decision_id=ids.new(now), policy=policy)

    decided = decision()
    yield "decision", decision

    def kept() -> Any:
        return record.build(
            request, decided, sent=request, actor={"iss": "i", "sub": "s"}, actor_agent="agent-0", actor_version=""
        )

    yield "build the record", kept
    line, recorder = kept(), LogRecorder()

    def write() -> None:
        coroutine = recorder.record(line)
        try:
            coroutine.send(None)
        except StopIteration:
            return

    yield "write the record", write

    def count() -> None:
        for stage in ("input", "engine", "ceiling", "record"):
            metrics.stage(stage, 0.0001)
        metrics.decision(decided)
        metrics.call("Decide", "OK")

    yield "metrics", count
    yield "build and write the answer", lambda: wire.decision_to_proto(decided).SerializeToString()


async def measure(folder: Path) -> dict[str, float]:
    """Give the cost of every stage by its name, and of the whole."""
    opa = resolve_opa()
    compiled = compile_policy([world.repository(folder / "small")], opa=opa, into=folder, wasm=True)
    module = WasmModule.compiled(compiled.wasm.read_bytes())
    with (folder / "log").open("w", encoding="utf-8") as written:
        log.configure("info", stream=written)
        instance = Instance(module, json.dumps(compiled.data.tree()).encode())
        costs = {name: await _spent(_plain(work)) for name, work in _pure(compiled, instance)}
        engine = await Engines("wasm", opa).serving(compiled)
        handle, metrics, limits = EngineHandle(), Metrics(), RequestLimits()
        handle.swap(ServingRevision(engine, compiled))
        decider = Decider(handle, LogRecorder(), state=RevocationState.fresh(), observer=metrics)
        servicer = Servicer(
            decider,
            lambda _request, _decision: (),
            metrics,
            limits,
            default_timeout=5.0,
            max_timeout=10.0,
            in_step=True,
        )
        garbage.settle()
        callers.current.set(callers.UNNAMED)
        message, call = world.message(), _Call()

        async def whole() -> bytes:
            return bytes((await servicer.decide(message, call)).SerializeToString())

        costs["sum of the stages"] = sum(costs.values())
        asked = request_pb2.DecideRequest.FromString(message)
        batch = service_pb2.DecideBatchRequest(requests=[asked] * _BATCH).SerializeToString()

        async def together() -> bytes:
            return bytes((await servicer.decide_batch(batch, call)).SerializeToString())

        costs["whole"] = await _spent(whole)
        costs[f"one of a batch of {_BATCH}"] = await _spent(together) / _BATCH
        await engine.close()
    return costs


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="actas-stages-") as folder:
        costs = uvloop.run(measure(Path(folder)))
    table = Table("stage", "CPU µs")
    for name, cost in costs.items():
        table.add_row(name, f"{cost:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
