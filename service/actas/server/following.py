"""Following the policy roots: what changes there is activated, where that is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from actas.config import Config
from actas.policy.watch import watch
from actas.server.background import background


@asynccontextmanager
async def following(config: Config, reload: Callable[[str], Awaitable[None]]) -> AsyncIterator[None]:
    """Call *reload* with the trigger `watch` for every change as long as the context lasts."""
    if not config.watch:
        yield
        return
    stop = asyncio.Event()
    changed = watch(config.policies, lambda: reload("watch"), stop=stop)
    async with background("watch", changed):
        try:
            yield
        finally:
            stop.set()
