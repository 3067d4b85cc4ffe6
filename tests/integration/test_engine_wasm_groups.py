"""The embedded engine asked by many at once: it evaluates groups, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from actas.engine.wasm import EVALUATED_TOGETHER, WasmModule
from wasm_support import embedded, module_of, reason, refused

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> WasmModule:
    """The tiny policy."""
    return module_of(tmp_path_factory.mktemp("tiny"))


async def test_everybody_gets_their_own_answer(tiny: WasmModule) -> None:
    """Also where there are more than one group holds."""
    engine = await embedded(tiny)
    names = [f"caller-{number}" for number in range(3 * EVALUATED_TOGETHER + 1)]

    assert await asyncio.gather(*(reason(engine, name=name) for name in names)) == names


async def test_others_get_their_turn_between_two_groups(tiny: WasmModule) -> None:
    """A crowd does not hold everything else for longer than one group takes."""
    engine = await embedded(tiny)
    crowd = [asyncio.create_task(reason(engine, name="x")) for _ in range(4 * EVALUATED_TOGETHER)]
    done = []
    while not all(task.done() for task in crowd):
        done.append(sum(task.done() for task in crowd))
        await asyncio.sleep(0)

    assert max(later - before for before, later in itertools.pairwise(done)) <= EVALUATED_TOGETHER


async def test_who_goes_away_takes_nobody_along(tiny: WasmModule) -> None:
    """The others of the group are answered."""
    engine = await embedded(tiny)
    leaving, staying = (asyncio.create_task(reason(engine, name=name)) for name in ("leaving", "staying"))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == "staying"
    assert leaving.cancelled()


async def test_one_whose_time_is_over_is_told_and_the_others_are_answered(tiny: WasmModule) -> None:
    """A deadline is its own caller's only, and costs no instance."""
    engine = await embedded(tiny)
    late, right = await asyncio.gather(refused(engine, {"name": "late"}, timeout=0.0), reason(engine, name="right"))

    assert (late.reason, right) == ("ENGINE_TIMEOUT", "right")
