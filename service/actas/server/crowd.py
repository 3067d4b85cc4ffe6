"""Calls that arrive together are decided together, step by step (BENCHMARKS.md)."""

from __future__ import annotations

import asyncio
import time
from typing import Final

# How many decisions are in step. Each of their steps holds up everybody else, by 3 ms at most.
MOST: Final = 16
# gRPC hands one call over at a time, from a thread of its own, a few turns of the event loop after it was asked for
# the next one. So many turns without a newcomer, some 0.05 ms, say that there is none.
_QUIET_TURNS: Final = 16
# Whatever else keeps the loop busy, such as large batches, nobody waits longer: as long as a crowd takes to be decided.
_LONGEST_SECONDS: Final = 0.02
# Who was alone so often in a row is alone, and waits for company only once in so many calls.
_ALONE: Final = 4
_LOOK_AGAIN: Final = 32


class Crowd:
    """Where calls wait for each other, those of a lone caller hardly ever. All of them come from one event loop."""

    def __init__(self) -> None:
        """Expect company at first."""
        self._waiting: list[asyncio.Future[None]] | None = None
        self._alone = 0

    async def join(self) -> bool:
        """Wait for the others who are just arriving; says whether there are any. All of them go on in the same turn."""
        if (waiting := self._waiting) is not None:
            turn = asyncio.get_running_loop().create_future()
            waiting.append(turn)
            if len(waiting) == MOST - 1:
                self._waiting = None
            await turn
            return True
        if self._alone >= _ALONE and self._alone % _LOOK_AGAIN:
            self._alone += 1
            return False
        return await self._gather()

    async def _gather(self) -> bool:
        """Wait as the first one, and let the others go on, however the wait ends."""
        others: list[asyncio.Future[None]] = []
        self._waiting = others
        end, quiet, seen = time.monotonic() + _LONGEST_SECONDS, 0, 0
        try:
            while quiet < _QUIET_TURNS and len(others) < MOST - 1 and time.monotonic() < end:
                await asyncio.sleep(0)
                quiet, seen = (quiet + 1 if len(others) == seen else 0), len(others)
        finally:
            if self._waiting is others:
                self._waiting = None
            for turn in others:
                if not turn.done():  # its call may have been cancelled
                    turn.set_result(None)
        self._alone = 0 if others else self._alone + 1
        if others:
            await asyncio.sleep(0)
        return bool(others)
