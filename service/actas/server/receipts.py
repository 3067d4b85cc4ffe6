"""The store of a service and what keeps its receipts, as the configuration wants them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from actas.config import Config
from actas.errors import StoreError
from actas.receipts.record import LogRecorder, Recorder
from actas.server.background import background
from actas.server.memory import Memory, remembering
from actas.server.place import ALONE, Place

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from actas.receipts.entry import Entry
    from actas.receipts.spill import Spill
    from actas.store import Lane, StoreThread

_REPLAY_SECONDS = 1.0
_log = structlog.get_logger("actas.receipts")


@dataclass(frozen=True, slots=True)
class Books:
    """Where decisions are recorded, and the store behind it; without one they are lines of the log."""

    recorder: Recorder
    store: StoreThread | None = None
    memory: Memory | None = None

    @property
    def trouble(self) -> str:
        """What is wrong with the store; empty when nothing is."""
        return "" if self.store is None else self.store.trouble


def prepare(config: Config) -> None:
    """Make the tables or bring them up to date, once for all processes of a service.

    Raises:
        ConfigError: the store's password cannot be read.
        StoreError: the store cannot be reached, or does not keep what is committed.

    """
    if config.has_store:
        from actas.store import Database  # noqa: PLC0415 - SQLAlchemy is slow to load

        Database.open(config.store_address()).close()


@asynccontextmanager
async def keeping(config: Config, place: Place = ALONE) -> AsyncIterator[Books]:
    """Give where this process records, in a store that was prepared; raises as `prepare`."""
    log = LogRecorder()
    if not config.has_store:
        yield Books(log)
        return
    from actas.receipts.chain import ChainWriter  # noqa: PLC0415 - as above
    from actas.receipts.recorder import StoreRecorder  # noqa: PLC0415
    from actas.receipts.spill import Spill  # noqa: PLC0415
    from actas.store import Database, StoreThread  # noqa: PLC0415

    database = await asyncio.to_thread(Database.open, config.store_address(), migrate=False)
    async with AsyncExitStack() as stack:
        stack.callback(database.close)
        spill = None if config.receipts_spill is None else Spill(config.receipts_spill)
        if spill is not None:
            stack.callback(spill.close)
        writer = ChainWriter(f"{socket.gethostname()}/{place.number}", spill)
        thread = await stack.enter_async_context(StoreThread(database))
        lane = thread.lane(writer)
        recorder = StoreRecorder(lane, log, waits=lambda risk: _waits(config, risk), queue=config.receipts_queue)
        if spill is not None:
            await stack.enter_async_context(background("spill", _replay(spill, lane, thread)))
        await stack.enter_async_context(recorder.finishing(config.grace))
        memory = await stack.enter_async_context(remembering(thread))
        yield Books(recorder, thread, memory)


def _waits(config: Config, risk: frozenset[str]) -> bool:
    modes = [config.receipts_modes[name] for name in risk if name in config.receipts_modes]
    return "before_answer" in modes if modes else config.receipts_mode == "before_answer"


async def _replay(spill: Spill, lane: Lane[Entry], thread: StoreThread) -> None:
    """Read back what was spilled, by this process or one that has ended, whenever the store works."""

    def _asked(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT 1")

    while True:
        if spill.is_used():
            try:
                await thread.run(_asked)
                with spill.left() as files:
                    for path, entries in files:
                        await asyncio.gather(*(lane.put(entry) for entry in entries))
                        spill.done(path)
                        _log.info("spill_replayed", receipts=len(entries))
            except StoreError:
                _log.debug("spill_waits")
            except (OSError, ValueError, TypeError) as error:
                _log.error("spill_not_replayed", problem=type(error).__name__)
        await asyncio.sleep(_REPLAY_SECONDS)
