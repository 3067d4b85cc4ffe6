"""A time limit that is set only where work waits."""

from __future__ import annotations

import asyncio

import pytest

from actas.server.within import within


async def test_work_that_waits_for_nothing_gives_its_result() -> None:
    """It needs no time limit, not even a generous one."""

    async def work() -> int:
        return 7

    assert await within(-1, work()) == 7


async def test_work_that_waits_gives_its_result() -> None:
    """However often it waits."""

    async def work() -> int:
        for _ in range(3):
            await asyncio.sleep(0.001)
        return 7

    assert await within(5, work()) == 7


async def test_work_that_waits_too_long_is_cancelled() -> None:
    """It can tidy up, and its caller gets a TimeoutError."""
    ended = []

    async def work() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    with pytest.raises(TimeoutError):
        await within(0.01, work())
    assert ended == [True]


async def test_a_limit_within_the_work_ends_the_work_only() -> None:
    """Work that begins with a time limit of its own is ended by it, and may go on."""

    async def work() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        except TimeoutError:
            return "its own"
        return "none"

    assert await within(5, work()) == "its own"


async def test_a_cancelled_caller_cancels_the_work() -> None:
    """Nothing goes on for nobody."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            ended.set()

    task = asyncio.create_task(within(5, work()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("waits", [False, True])
async def test_what_the_work_raises_is_raised(waits: bool) -> None:
    """Before it waits and afterwards."""

    async def work() -> None:
        if waits:
            await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await within(5, work())
