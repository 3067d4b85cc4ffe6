"""The tiny policy of the engine's tests, compiled to WebAssembly as activation does, and engines on it."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from actas.engine.wasm import CheckingEmbeddedEngine, WasmModule
from actas.errors import EngineError
from engine_support import DECISION, REVISION, opa

DATA = {"actas": {"revision": REVISION}}


def module_of(folder: Path, decision: str = DECISION) -> WasmModule:
    """Compile *decision*, a module of the package `actas.decision`."""
    source = folder / "wasm-source" / "actas" / "decision"
    source.mkdir(parents=True, exist_ok=True)
    (source / "decision.rego").write_text(decision, encoding="utf-8")
    bundle = folder / "wasm.tar.gz"
    command = [opa(), "build", "--target=wasm", "--entrypoint=actas/decision/decision", "--output", bundle, source]
    built = subprocess.run(command, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    with tarfile.open(bundle) as packed:
        content = packed.extractfile("/policy.wasm")
        assert content is not None
        return WasmModule.compiled(content.read())


async def embedded(module: WasmModule, data: Any = None, **options: Any) -> CheckingEmbeddedEngine:
    """Start an engine on *module* and *data*."""
    text = json.dumps(DATA if data is None else data).encode()
    return await CheckingEmbeddedEngine.start(module, text, revision=REVISION, digest="sha256:0", **options)


def saying(expression: str, *rules: str) -> str:
    """A decision whose denial's reason is the text of *expression*; *rules* stand beside it."""
    total = DECISION.partition("_total := ")[2].replace('object.get(input, "name", "")', expression)
    return "\n\n".join(["package actas.decision", f"decision := {total}", *rules])


async def reason(engine: CheckingEmbeddedEngine, **question: Any) -> str:
    """Whose answer it is."""
    return (await engine.evaluate(question, timeout=5.0)).denials[0].reason


async def refused(engine: CheckingEmbeddedEngine, question: dict[str, Any], timeout: float = 5.0) -> EngineError:
    """What an evaluation without an answer ends with."""
    with pytest.raises(EngineError) as caught:
        await engine.evaluate(question, timeout=timeout)
    return caught.value
