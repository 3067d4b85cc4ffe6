"""The two ways to run a compiled revision: an OPA child beside this process, or WebAssembly inside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from actas.engine import EngineKind, PolicyEngine
from actas.engine.wasm import CheckingEmbeddedEngine, EmbeddedEngine, WasmModule, needed_builtins, unknown_builtins
from actas.errors import ActivationError, Problem
from actas.policy.absent import calls, sentence
from actas.policy.bundle import CompiledPolicy

if TYPE_CHECKING:
    from actas.engine.sidecar import SidecarEngine


def _ignore(_: object) -> None:
    """The hook of whoever does not measure."""


class Engines:
    """Starts engines of one *kind*, to serve or to check. *opa* runs the sidecar, and has compiled the module."""

    def __init__(self, kind: EngineKind, opa: Path) -> None:
        """Remember; nothing is started yet."""
        self.kind = kind
        self.opa = opa
        self._loaded: tuple[Path, WasmModule] | None = None

    async def serving(
        self,
        compiled: CompiledPolicy,
        *,
        on_batch: Callable[[int], None] = _ignore,
        on_error: Callable[[str], None] = _ignore,
    ) -> PolicyEngine:
        """Start the engine that serves *compiled*; raises `EngineError`, `ActivationError`."""
        if self.kind == "wasm":
            module, data = await self._module(compiled), await asyncio.to_thread(_data, compiled)
            return await EmbeddedEngine.start(
                module, data, revision=compiled.revision, digest=compiled.digest, on_error=on_error
            )
        return await _sidecar().start(
            compiled.path,
            revision=compiled.revision,
            digest=compiled.digest,
            opa=self.opa,
            on_batch=on_batch,
            on_error=on_error,
        )

    @asynccontextmanager
    async def checking(self, compiled: CompiledPolicy) -> AsyncIterator[PolicyEngine]:
        """Run *compiled* on an engine that also decides over a test case's data; raises as `serving` does."""
        if self.kind == "wasm":
            async with self._checking_wasm(compiled) as engine:
                yield engine
            return
        copy = compiled if compiled.testing else await asyncio.to_thread(compiled.for_checking)
        try:
            sidecar = await _sidecar().start(
                copy.path, revision=copy.revision, digest=copy.digest, opa=self.opa, checking=True
            )
            try:
                yield sidecar
            finally:
                await sidecar.close()
        finally:
            if copy is not compiled:
                copy.discard()

    @asynccontextmanager
    async def _checking_wasm(self, compiled: CompiledPolicy) -> AsyncIterator[PolicyEngine]:
        module, data = await self._module(compiled), await asyncio.to_thread(_data, compiled)
        engine = await CheckingEmbeddedEngine.start(module, data, revision=compiled.revision, digest=compiled.digest)
        try:
            yield engine
        finally:
            await engine.close()

    async def machine_code(self, compiled: CompiledPolicy) -> bytes:
        """Give what `adopt` takes in another process; nothing where a sidecar evaluates. Raises `ActivationError`."""
        return await asyncio.to_thread((await self._module(compiled)).machine_code) if self.kind == "wasm" else b""

    def adopt(self, compiled: CompiledPolicy, machine_code: bytes) -> None:
        """Take over what another process has compiled *compiled* to; raises `ActivationError`."""
        if self.kind == "wasm":
            self._loaded = compiled.wasm, WasmModule.loaded(machine_code)

    async def _module(self, compiled: CompiledPolicy) -> WasmModule:
        """Load the revision's module once, for its suites and for serving."""
        if self._loaded is None or self._loaded[0] != compiled.wasm:
            self._loaded = compiled.wasm, await asyncio.to_thread(_load, compiled)
        return self._loaded[1]


def _sidecar() -> type[SidecarEngine]:
    # OPA's client is slow to load and takes memory in each worker; an engine starts before it serves.
    from actas.engine.sidecar import SidecarEngine  # noqa: PLC0415

    return SidecarEngine


def _data(compiled: CompiledPolicy) -> bytes:
    return json.dumps(compiled.data.tree(), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _load(compiled: CompiledPolicy) -> WasmModule:
    try:
        content = compiled.wasm.read_bytes()
    except OSError as error:
        raise ActivationError([Problem("this revision was not compiled for the embedded engine")]) from error
    module = WasmModule.compiled(content)
    if unknown := unknown_builtins(needed_builtins(module)):
        rego = compiled.sources.rego
        raise ActivationError([found for name in unknown for found in calls([name], rego) or [Problem(sentence(name))]])
    return module
