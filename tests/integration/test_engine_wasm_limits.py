"""What the embedded engine does about a policy that takes too much time or memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from actas.engine.wasm.embedded import EVALUATION_SECONDS
from actas.errors import Status
from engine_support import REVISION, until
from wasm_support import embedded, module_of, reason, refused, saying

pytestmark = pytest.mark.asyncio

# Far more than an evaluation takes, and what a runaway policy may cost everybody else.
STALL_SECONDS = 0.5

LONG = "[a | some a in numbers.range(1, 30000); some b in numbers.range(1, 30000); a * b == -1]"
RUNAWAY = saying("_said", f'_said := input.quick if input.quick\n\nelse := sprintf("%v", [count({LONG})])')


async def test_a_runaway_policy_is_stopped(tmp_path: Path) -> None:
    """The call ends soon as an engine error, the loop is held up for that long only, and the next decision is made."""
    engine = await embedded(module_of(tmp_path, RUNAWAY))
    longest, done = 0.0, False

    async def others() -> None:
        nonlocal longest
        while not done:
            # What this thread worked: on a busy machine it also waits, which no policy is to blame for.
            before = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - before)

    watching = asyncio.create_task(others())
    await asyncio.sleep(0.01)
    error = await refused(engine, {})
    assert await reason(engine, quick="q") == "q"
    done = True
    await watching

    assert error.reason == "ENGINE_TIMEOUT"
    assert longest < STALL_SECONDS
    assert engine.health().ok


async def test_a_deadline_ends_an_evaluation(tmp_path: Path) -> None:
    """Whoever waits less than an evaluation may take gets the error at that time."""
    engine = await embedded(module_of(tmp_path, RUNAWAY))
    # What this thread worked, as above.
    began = time.thread_time()
    error = await refused(engine, {}, timeout=0.05)

    assert error.reason == "ENGINE_TIMEOUT"
    assert time.thread_time() - began < EVALUATION_SECONDS
    assert (await refused(engine, {}, timeout=0.0)).reason == "ENGINE_TIMEOUT"


DOUBLING = [f'_text{n} := concat("", [_text{n - 1}, _text{n - 1}])' for n in range(1, 31)]
GREEDY = saying('sprintf("%v", [count(_text30)])', "_text0 := input.text", *DOUBLING)


async def test_a_greedy_policy_gets_no_more_memory_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte is refused as an engine error, the next decision is made, and the memory is given back in time."""
    # So little that a busy machine gets there before the time is over.
    monkeypatch.setattr("actas.engine.wasm.instance.WORKING_BYTES", 16 << 20)
    engine = await embedded(module_of(tmp_path, GREEDY))
    error = await refused(engine, {"text": "xx"})

    assert (error.status, error.reason) == (Status.INTERNAL, "ENGINE_FAILED")
    assert await reason(engine, text="") == "0"
    assert engine._instance is not None
    assert engine._instance.size <= (16 << 20) + 65536


BREAKING = saying('data.names[sprintf("name-%d", [to_number(input.text)])]')


async def test_an_evaluation_that_broke_off_makes_nobody_wait_for_the_data(tmp_path: Path) -> None:
    """Whoever can make a rule fail would stall everybody: a large registry takes a second to load."""
    names = {f"name-{number}": f"the {number}th" for number in range(200_000)}
    engine = await embedded(module_of(tmp_path, BREAKING), {"actas": {"revision": REVISION}, "names": names})
    began = time.thread_time()
    for number in range(20):
        assert (await refused(engine, {"text": "many"})).reason == "ENGINE_FAILED"
        assert await reason(engine, text=str(number)) == f"the {number}th"

    assert time.thread_time() - began < 1.0
    assert engine._replacing is None


async def test_an_instance_that_was_renewed_often_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each renewal leaves something behind, and nobody waits for the replacement."""
    monkeypatch.setattr("actas.engine.wasm.instance.WORN_RENEWALS", 3)
    engine = await embedded(module_of(tmp_path, BREAKING))
    first = engine._instance
    for _ in range(4):
        await refused(engine, {"text": "many"})

    await until(lambda: engine._instance is not first)
    assert engine._instance is not None
    assert not engine._instance.worn


async def test_an_instance_that_has_grown_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory of one large decision is given back, and nobody waits for that."""
    monkeypatch.setattr("actas.engine.wasm.instance.WORN_BYTES", 1 << 20)
    engine = await embedded(module_of(tmp_path, GREEDY.replace("count(_text30)", "count(_text20)")))
    grown = engine._instance
    assert await reason(engine, text="xx") == str(2**21)
    assert grown is not None
    assert grown.worn
    assert await reason(engine, text="") == "0"

    await until(lambda: engine._instance is not grown)
    assert engine._instance is not None
    assert not engine._instance.worn
    assert await reason(engine, text="") == "0"


async def test_ten_thousand_decisions_do_not_grow(tmp_path: Path) -> None:
    """Each evaluation overwrites what the one before has left."""
    engine = await embedded(module_of(tmp_path))
    instance = engine._instance
    for number in range(10_000):
        assert await reason(engine, name=str(number)) == str(number)

    assert engine._instance is instance
    assert instance is not None
    assert instance.size - instance.base_bytes <= 8 * 65536
