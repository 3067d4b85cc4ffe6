"""Calls that arrive together: whom they wait for, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from actas.server import crowd as crowds
from actas.server.crowd import MOST, Crowd

pytestmark = pytest.mark.asyncio


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine this process may not run for longer than a call waits."""
    monkeypatch.setattr(crowds, "_LONGEST_SECONDS", 60.0)


async def _arrive(crowd: Crowd, callers: int, *, turns: int = 0) -> list[bool]:
    """Let *callers* come, each *turns* turns of the loop after the one before, and give what they were told."""

    async def one(position: int) -> bool:
        for _ in range(position * turns):
            await asyncio.sleep(0)
        return await crowd.join()

    return await asyncio.gather(*map(one, range(callers)))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("turns", [0, 3])
async def test_who_arrives_together_goes_on_together(turns: int) -> None:
    """In the same turn of the loop, although gRPC hands one call over at a time."""
    crowd, steps = Crowd(), list[str]()

    async def call(name: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        assert await crowd.join()
        for step in ("1", "2", "3"):
            steps.append(step)
            await asyncio.sleep(0)

    await asyncio.gather(*(call(str(position), position * turns) for position in range(4)))

    assert steps == ["1"] * 4 + ["2"] * 4 + ["3"] * 4


@pytest.mark.usefixtures("patient")
async def test_a_crowd_has_an_end() -> None:
    """Each step of a crowd holds up everybody else."""
    crowd, together = Crowd(), list[str]()

    async def call(position: int) -> None:
        for _ in range(position):
            await asyncio.sleep(0)
        assert await crowd.join()
        together.append("x")
        await asyncio.sleep(0)
        together.append(" ")

    await asyncio.gather(*map(call, range(3 * MOST)))

    assert max(map(len, "".join(together).split())) == MOST


async def test_a_lone_caller_soon_goes_on_at_once() -> None:
    """But for a look now and then."""
    crowd, waits = Crowd(), 0
    for _ in range(100):
        call = asyncio.ensure_future(crowd.join())
        await asyncio.sleep(0)
        waits += not call.done()
        assert await call is False

    assert 0 < waits < 10


@pytest.mark.usefixtures("patient")
async def test_a_crowd_after_a_lone_caller_is_noticed() -> None:
    """Nobody is taken for alone for ever."""
    crowd = Crowd()
    for _ in range(50):
        await crowd.join()
    for _ in range(50):
        told = await _arrive(crowd, 4)
        if all(told):
            break

    assert told == [True] * 4
    assert await _arrive(crowd, 4, turns=2) == [True] * 4


async def test_nobody_waits_through_what_keeps_the_loop_busy() -> None:
    """Sixteen turns of which each takes long would be a wait that the call did not need."""
    crowd, turns = Crowd(), 0
    call = asyncio.ensure_future(crowd.join())
    while not call.done():
        time.sleep(0.015)
        turns += 1
        await asyncio.sleep(0)

    assert turns <= 4


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("cancelled", [0, 1, 2])
async def test_a_call_that_is_cancelled_leaves_nobody_waiting(cancelled: int) -> None:
    """Whether it gathers the others or is one of them."""
    crowd = Crowd()
    calls = [asyncio.ensure_future(crowd.join()) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls[cancelled].cancel()
    told = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)

    assert [type(answer) for answer in told].count(asyncio.CancelledError) == 1
    assert await asyncio.wait_for(_arrive(crowd, 3), 5) == [True] * 3
