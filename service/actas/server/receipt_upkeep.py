"""What is done for receipts beside the calls: spilled ones are read back, old ones deleted, agents counted."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Self

import structlog

from actas.config import Config
from actas.errors import ConfigError, StoreError
from actas.evidence.signing import SigningKey, load_key
from actas.receipts import counting, retention
from actas.receipts.entry import Entry
from actas.receipts.spill import Spill
from actas.receipts.statements import Sink
from actas.store import Database, Lane, StoreThread

_REPLAY_SECONDS = 1.0
_RETENTION_SECONDS = 3600.0
_COUNT_SECONDS = 10.0
_DAY = 86400
_log = structlog.get_logger("actas.receipts")


@dataclass(frozen=True, slots=True)
class Signed:
    """With what, and where, it is said how far the chains reach."""

    key: SigningKey
    sink: Sink

    @classmethod
    def of(cls, config: Config) -> Self | None:
        """Give it as the configuration wants it; raises ConfigError."""
        file, sink = config.receipts_checkpoint_key, config.receipts_checkpoints
        if file is None or sink is None:
            return None
        try:
            return cls(load_key(file.read_bytes()), Sink(sink))
        except OSError as error:
            raise ConfigError("receipts_checkpoint_key", f"{file}: {error.strerror}") from None
        except ValueError as error:
            raise ConfigError("receipts_checkpoint_key", f"{file} {error}") from None


async def replay(spill: Spill, lane: Lane[Entry], thread: StoreThread) -> None:
    """Read back what was spilled, by this process or one that has ended, whenever the store works."""
    while True:
        try:
            if spill.is_used():
                await thread.ask()
                await _replayed(spill, lane)
        except StoreError:
            _log.debug("spill_waits")
        except (OSError, ValueError, TypeError) as error:
            _log.error("spill_not_replayed", problem=type(error).__name__)
        await asyncio.sleep(_REPLAY_SECONDS)


async def retain(database: Database, signed: Signed, days: int) -> None:
    """Delete what is older than so many *days*, every hour."""
    while True:
        await asyncio.sleep(_RETENTION_SECONDS)
        try:
            before = time.time() - days * _DAY
            deleted = await asyncio.to_thread(retention.prune, database, before, signed.key, signed.sink)
        except StoreError as error:
            _log.error("retention_failed", problem=str(error))
        else:
            _log.info("retention", deleted=deleted)


async def count(database: Database) -> None:
    """Keep the figures of agents up to date; whichever process comes first counts for all."""
    while True:
        await asyncio.sleep(_COUNT_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load, guards nothing
        try:
            await asyncio.to_thread(counting.count, database)
        except StoreError as error:
            _log.debug("counting_waits", problem=str(error))


async def _replayed(spill: Spill, lane: Lane[Entry]) -> None:
    with spill.left() as files:
        for path, entries in files:
            await asyncio.gather(*(lane.put(entry) for entry in entries))
            spill.done(path)
            _log.info("spill_replayed", receipts=len(entries))
