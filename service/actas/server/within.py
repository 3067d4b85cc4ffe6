"""A time limit that costs nothing where nothing is waited for."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await *work*, at most *seconds* from when it first waits for something.

    A decision of the embedded engine waits for nothing, and `asyncio.timeout` around it took 4 % of its CPU.

    Raises:
        TimeoutError: it waited longer.

    """
    try:
        waited_for = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    async with asyncio.timeout(seconds):
        return await _rest(work, waited_for)


@types.coroutine
def _rest(work: Coroutine[Any, Any, T], waited_for: Any) -> Generator[Any, Any, T]:
    """Go on with *work*, which has begun and waits for *waited_for*, in the task that began it."""
    step: Callable[[], Any]
    while True:
        try:
            sent = yield waited_for
        except BaseException as error:
            # A cancellation, which is the work's to handle.
            step = partial(work.throw, error)
        else:
            step = partial(work.send, sent)
        try:
            waited_for = step()
        except StopIteration as done:
            result: T = done.value
            return result
