"""The service's own way of a request over the real OPA, for many inputs at once, and what may come of each."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from judge import NOW, missing, policy, widened
from mutations import Mutant

from actas import policy_input, wire
from actas.decide import Decider
from actas.decision import Decision, Effect
from actas.decision.v1 import request_pb2
from actas.document import parse_document
from actas.engine.opa_binary import resolve_opa
from actas.engine.sidecar import SidecarEngine
from actas.errors import EngineError, ProtocolError, Status
from actas.policy.bundle import compile_policy
from actas.policy.handle import EngineHandle, ServingRevision
from actas.policy.state import RevocationState
from actas.receipts.record import Record
from actas.request import ExchangeRequest

# Of this thread's own time for parsers, which never wait: a busy machine makes nothing hang.
HANG_SECONDS = 1.0


class _Nothing:
    """Keeps no record of a decision that nobody will act on."""

    async def record(self, record: Record) -> None:
        """Drop it, but not before it was written as the log would."""
        json.dumps(record.document)


class Harness:
    """Counts what becomes of inputs, and collects what may not be. Made by `open`."""

    def __init__(self, decider: Decider) -> None:
        """Decide with *decider*."""
        self._decider = decider
        self.outcomes: Counter[str] = Counter()
        self.findings: dict[str, None] = {}
        self.slowest = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Harness]:
        """Serve the shipped policies over the judge's settings and registry, as activation would."""
        opa, root = await asyncio.to_thread(resolve_opa), folder / "root"
        for name, data in zip(("settings", "registry"), policy(), strict=True):
            path = root / "custom" / "actas" / name / "data.yaml"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(data), encoding="utf-8")
        (root / ".manifest").write_text('{"roots": ["custom/actas"]}', encoding="utf-8")
        compiled = await asyncio.to_thread(compile_policy, [root], opa=opa, into=folder)
        engine = await SidecarEngine.start(compiled.path, revision=compiled.revision, digest=compiled.digest, opa=opa)
        handle = EngineHandle()
        handle.swap(ServingRevision(engine, compiled))
        try:
            yield cls(Decider(handle, _Nothing(), state=RevocationState.fresh(), clock=lambda: float(NOW)))
        finally:
            await engine.close()

    async def exchanges(self, batch: Sequence[Mutant]) -> None:
        """Take documents through the parser, the policy and the ceiling, together as callers would come."""
        requests = [(mutant, self._parsed(mutant.text)) for mutant in batch]
        await asyncio.gather(*(self._exchange(mutant, request) for mutant, request in requests if request is not None))

    def document(self, data: bytes, *, yaml: bool) -> None:
        """Take any bytes through the parser of documents, and what it accepts as far as the policy input."""
        self._parsed(data, yaml=yaml)

    def message(self, data: bytes) -> None:
        """Take any bytes through the parser of messages, and what it accepts as far as the policy input."""
        began = time.thread_time()
        try:
            request = wire.request_from_proto(wire.decode(request_pb2.DecideRequest, data))
            self._input(request)
        except ProtocolError as error:
            self._refused(error, data)
        except Exception as error:
            self._found(f"{type(error).__name__} from the wire", data)
        else:
            self.outcomes["message"] += 1
        self._took(time.thread_time() - began, data)

    def _parsed(self, data: bytes, *, yaml: bool = False) -> ExchangeRequest | None:
        began, request = time.thread_time(), None
        try:
            request = parse_document(data, yaml=yaml)
            self._input(request)
            again = wire.request_from_proto(wire.request_to_proto(request))
            if again != request:
                self._found("the message says something else than the document", data)
        except ProtocolError as error:
            self._refused(error, data)
            request = None
        except Exception as error:
            self._found(f"{type(error).__name__} from the document", data)
            request = None
        self._took(time.thread_time() - began, data)
        return request

    @staticmethod
    def _input(request: ExchangeRequest) -> None:
        seen = policy_input.build(request, now=NOW, state=RevocationState.fresh().lookup(request))
        json.dumps(seen, ensure_ascii=False, allow_nan=False).encode()

    async def _exchange(self, mutant: Mutant, request: ExchangeRequest) -> None:
        try:
            decision = await self._decided(request)
        except ProtocolError as error:
            self._refused(error, mutant.text)
            return
        except EngineError as error:
            self._found(f"no decision: {error.reason} {error.message}", mutant.text)
            return
        except Exception as error:
            self._found(f"{type(error).__name__} from the decision", mutant.text)
            return
        self.outcomes[decision.effect.value] += 1
        if decision.effect is Effect.DENY:
            if any(denial.code == "OUTPUT_WIDENED" for denial in decision.denials):
                self.outcomes["OUTPUT_WIDENED"] += 1
                self._found("the policy said more than the ceiling allows", mutant.text)
            return
        self._judge(mutant, request, decision)

    def _judge(self, mutant: Mutant, request: ExchangeRequest, decision: Decision) -> None:
        if mutant.ambiguous:
            self._found("an allow of ambiguous members", mutant.text)
        try:
            broken = missing(mutant.tree) + widened(request, decision)
        except Exception as error:
            broken = [f"the oracle fails with {type(error).__name__} {error}"]
        if broken:
            self._found(f"an allow without: {', '.join(broken)}", mutant.text)

    async def _decided(self, request: ExchangeRequest) -> Decision:
        try:
            return await self._decider.decide(request, timeout=HANG_SECONDS)
        except EngineError as error:
            if error.reason != "ENGINE_TIMEOUT" and error.status is not Status.DEADLINE_EXCEEDED:
                raise
        # A busy machine makes a batch late; an input that hangs does it alone, too.
        return await self._decider.decide(request, timeout=HANG_SECONDS)

    def _refused(self, error: ProtocolError, data: bytes) -> None:
        self.outcomes["refused"] += 1
        told = str(error)
        if error.status not in (Status.INVALID_ARGUMENT, Status.RESOURCE_EXHAUSTED) or len(told) > 400:
            self._found(f"a refusal that says {told[:200]!r}", data)

    def _took(self, seconds: float, data: bytes) -> None:
        self.slowest = max(self.slowest, seconds)
        if seconds > HANG_SECONDS:
            self._found(f"took {seconds:.2f} s", data)

    def _found(self, what: str, data: bytes) -> None:
        # The same input may be drawn again.
        self.findings[f"{what}: {data[:4000]!r}"] = None
