"""The embedded engine: the active bundle, compiled by OPA to WebAssembly, evaluated in this process by wasmtime."""

from __future__ import annotations

from actas.engine.wasm.embedded import CheckingEmbeddedEngine, EmbeddedEngine
from actas.engine.wasm.failures import unknown_builtins
from actas.engine.wasm.instance import Instance
from actas.engine.wasm.module import WasmModule

__all__ = [
    "CheckingEmbeddedEngine",
    "EmbeddedEngine",
    "WasmModule",
    "needed_builtins",
    "unknown_builtins",
]


def needed_builtins(module: WasmModule) -> list[str]:
    """Name the built-ins that *module* asks its host for."""
    return sorted(Instance(module, b"{}").builtins.values())
