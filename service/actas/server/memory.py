"""What a process remembers of earlier decisions together with all others that have its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actas.ports import Rates, SingleUse
from actas.server.background import background

if TYPE_CHECKING:
    from actas.store import StoreThread


@dataclass(frozen=True, slots=True)
class Memory:
    """Where uses are remembered, *since* when (seconds since the epoch), and where exchanges are counted."""

    single_use: SingleUse
    rates: Rates
    since: float


@asynccontextmanager
async def remembering(thread: StoreThread) -> AsyncIterator[Memory]:
    """Remember in the store of *thread*; raises StoreError."""
    from actas.evidence.single_use_store import StoreSingleUse, remembered_since  # noqa: PLC0415 - SQLAlchemy is slow
    from actas.rates.store import StoreRates  # noqa: PLC0415 - as above

    since = await asyncio.to_thread(remembered_since, thread.database)
    single_use, rates = StoreSingleUse(thread), StoreRates(thread)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(background("sweep", single_use.sweeping()))
        await stack.enter_async_context(rates.talking())
        yield Memory(single_use, rates, since)
