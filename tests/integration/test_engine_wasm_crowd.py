"""The embedded engine asked by many at once: everybody gets their own answer."""

from __future__ import annotations

import asyncio

import pytest

from actas.engine.wasm import WasmModule
from wasm_support import embedded, module_of, reason, refused

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> WasmModule:
    """The tiny policy."""
    return module_of(tmp_path_factory.mktemp("tiny"))


async def test_everybody_gets_their_own_answer(tiny: WasmModule) -> None:
    """One instance answers all of them."""
    engine = await embedded(tiny)
    names = [f"caller-{number}" for number in range(25)]

    assert await asyncio.gather(*(reason(engine, name=name) for name in names)) == names


async def test_one_whose_time_is_over_is_told_and_the_others_are_answered(tiny: WasmModule) -> None:
    """A deadline is its own caller's only, and costs no instance."""
    engine = await embedded(tiny)
    late, right = await asyncio.gather(refused(engine, {"name": "late"}, timeout=0.0), reason(engine, name="right"))

    assert (late.reason, right) == ("ENGINE_TIMEOUT", "right")
