"""The store of a service and what keeps its receipts, as the configuration wants them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actas.config import Config
from actas.receipts.record import LogRecorder, Recorder
from actas.server.background import background
from actas.server.memory import Memory, remembering
from actas.server.place import ALONE, Place

if TYPE_CHECKING:
    from actas.receipts.reporting import Reports
    from actas.store import StoreThread


@dataclass(frozen=True, slots=True)
class Books:
    """Where decisions are recorded, and the store behind it; without one they are lines of the log."""

    recorder: Recorder
    store: StoreThread | None = None
    reports: Reports | None = None
    memory: Memory | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with the store; empty when nothing is."""
        return "" if self.store is None else self.store.trouble


def prepare(config: Config) -> None:
    """Make the tables or bring them up to date, once for all processes of a service.

    Raises:
        ConfigError: the store's password, or the key of its checkpoints, cannot be read.
        StoreError: the store cannot be reached, or does not keep what is committed.

    """
    if config.has_store:
        from actas.server.receipt_upkeep import Signed  # noqa: PLC0415 - SQLAlchemy is slow to load
        from actas.store import Database  # noqa: PLC0415

        Signed.of(config)
        Database.open(config.store_address()).close()


@asynccontextmanager
async def keeping(
    config: Config, place: Place = ALONE, *, observe: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Books]:
    """Give where this process records, in a store that was prepared; *observe* counts. Raises as `prepare`."""
    log = LogRecorder()
    if not config.has_store:
        yield Books(log)
        return
    from actas.receipts.chain import ChainWriter  # noqa: PLC0415 - as above
    from actas.receipts.checkpoints import Checkpoints  # noqa: PLC0415
    from actas.receipts.recorder import StoreRecorder  # noqa: PLC0415
    from actas.receipts.reporting import Reports  # noqa: PLC0415
    from actas.receipts.spill import Spill  # noqa: PLC0415
    from actas.server import receipt_upkeep as upkeep  # noqa: PLC0415
    from actas.store import Database, StoreThread  # noqa: PLC0415

    database = await asyncio.to_thread(Database.open, config.store_address(), migrate=False)
    async with AsyncExitStack() as stack:
        stack.callback(database.close)
        spill = None if config.receipts_spill is None else Spill(config.receipts_spill)
        if spill is not None:
            stack.callback(spill.close)
        name = f"{socket.gethostname()}/{place.number}"
        writer = ChainWriter(name, spill, observe)
        thread = await stack.enter_async_context(StoreThread(database, observe))
        lane = thread.lane(writer)
        recorder = StoreRecorder(lane, log, waits=lambda risk: waits(config, risk), queue=config.receipts_queue)
        if spill is not None:
            await stack.enter_async_context(background("spill", upkeep.replay(spill, lane, thread)))
        # Reports have transactions and a chain of their own: one that comes twice at once undoes no decision.
        reporting, reporter = await stack.enter_async_context(StoreThread(database)), ChainWriter(f"{name}/outcomes")
        if (signed := upkeep.Signed.of(config)) is not None:
            checkpoints = Checkpoints(thread, writer, signed.key, signed.sink, observe)
            await stack.enter_async_context(checkpoints.every(config.receipts_checkpoint_seconds))
            outcomes = Checkpoints(reporting, reporter, signed.key, signed.sink, observe)
            await stack.enter_async_context(outcomes.every(config.receipts_checkpoint_seconds))
            if config.receipts_retention_days is not None and place.number == 0:
                kept = upkeep.retain(database, signed, config.receipts_retention_days)
                await stack.enter_async_context(background("retention", kept))
        await stack.enter_async_context(recorder.finishing(config.grace))
        await stack.enter_async_context(background("counting", upkeep.count(database)))
        memory = await stack.enter_async_context(remembering(thread))
        yield Books(recorder, thread, Reports(database, reporting.lane(reporter)), memory)


def waits(config: Config, risk: frozenset[str]) -> bool:
    """Say whether the answer waits for its receipt where scopes of these *risk* classes were asked for."""
    # A class without a mode of its own has that of all, also beside one that has.
    modes = {config.receipts_modes.get(name, config.receipts_mode) for name in risk} or {config.receipts_mode}
    return "before_answer" in modes
