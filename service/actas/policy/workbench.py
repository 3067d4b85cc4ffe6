"""One policy revision on a checking engine: what `decide`, `explain`, `test` and activation's suites run on.

On the checking engine a case brings its own time and data. The engine that serves cannot do that: of an OPA child only
a checking bundle has the entrypoint for it, and gRPC reaches neither.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from actas.decide import Decider
from actas.decision import Decision
from actas.document import from_document
from actas.engine import DEFAULT_ENGINE, EngineKind, PolicyEngine
from actas.engine.opa_binary import resolve_opa
from actas.explanation import FiredRule, explain
from actas.policy import case_state
from actas.policy.bundle import CompiledPolicy, compile_policy
from actas.policy.data import PolicyData
from actas.policy.engines import Engines
from actas.policy.state import RevocationState
from actas.receipts.record import Record
from actas.request import ExchangeRequest

# A person waits for a decision of the workbench, or a suite does; a cold OPA may take a while.
DECIDE_SECONDS = 10.0


class Workbench:
    """Decides over one revision, at any time and over any data. Nothing is recorded. Made by `open`."""

    def __init__(self, compiled: CompiledPolicy, engine: PolicyEngine, opa: Path) -> None:
        self.compiled = compiled
        self.opa = opa
        codes = compiled.data.surroundings
        self.code_groups: Mapping[str, int] = {
            code: entry["group_index"] for code, entry in (codes.codes | codes.custom_codes).items()
        }
        self._decider = Decider(
            _OneRevision(_Revision(engine, compiled.data, compiled.digest)),
            _NoRecorder(),
            state=RevocationState.fresh(),
        )

    @classmethod
    @asynccontextmanager
    async def open(cls, roots: Sequence[Path], *, engine: EngineKind = DEFAULT_ENGINE) -> AsyncIterator[Self]:
        """Compile the shipped policies with the adopters' *roots* and start a checking *engine*.

        Raises `ActivationError` listing what is wrong with the policies, `EngineError`, `OpaNotFoundError`.
        """
        engines = Engines(engine, await asyncio.to_thread(resolve_opa))
        with tempfile.TemporaryDirectory(prefix="actas-workbench-") as folder:
            compiled = await asyncio.to_thread(
                compile_policy, list(roots), opa=engines.opa, into=Path(folder), wasm=engine == "wasm"
            )
            async with cls.on(compiled, engines) as workbench:
                yield workbench

    @classmethod
    @asynccontextmanager
    async def on(cls, compiled: CompiledPolicy, engines: Engines) -> AsyncIterator[Self]:
        """Start a checking engine of *engines* for *compiled*."""
        async with engines.checking(compiled) as engine:
            yield cls(compiled, engine, engines.opa)

    async def decide(
        self, request: ExchangeRequest, *, now: int | None = None, data: Mapping[str, Any] | None = None
    ) -> Decision:
        """Decide *request* at *now* (seconds since the epoch; None is the clock).

        *data* may replace `settings`, `registry` and `state`. Raises `ProtocolError`, `EngineError`.
        """
        overrides = {name: data[name] for name in ("settings", "registry") if data and name in data}
        state, past = case_state.read((data or {}).get("state"))
        at = time.time() if now is None else float(now)
        _seen, decision = await self._decider.decide_with(
            request, now=at, data=overrides or None, state=state.lookup(request), past=past, timeout=DECIDE_SECONDS
        )
        return decision

    async def check(self, request: Mapping[str, Any], *, now: int, data: Mapping[str, Any] | None) -> Decision:
        """Decide an exchange document, as the suite runner asks (`actas.policy.runner.Checker`)."""
        return await self.decide(from_document(dict(request)), now=now, data=data)

    async def explain(
        self, request: ExchangeRequest, *, now: int | None = None
    ) -> tuple[Decision, tuple[FiredRule, ...]]:
        """Decide *request* and explain each denial by its rule, its place and the input that it saw."""
        at = int(time.time()) if now is None else now
        state = RevocationState.fresh().lookup(request)
        seen, decision = await self._decider.decide_with(
            request, now=float(at), data=None, state=state, timeout=DECIDE_SECONDS
        )
        return decision, explain(decision, seen, self.compiled.metadata)


@dataclass(frozen=True, slots=True)
class _Revision:
    engine: PolicyEngine
    data: PolicyData
    digest: str


class _OneRevision:
    """Always the same revision: nothing is activated while a workbench is open."""

    def __init__(self, revision: _Revision) -> None:
        self._revision = revision

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[_Revision]:
        yield self._revision


class _NoRecorder:
    """A decision of the workbench lets nobody issue a token, so there is nothing to record."""

    async def record(self, record: Record) -> None:
        """Drop it."""
