"""Keeps the receipt of every decision in the store, and says when the decision may leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from actas.errors import ReceiptError, StoreError
from actas.receipts.entry import Entry
from actas.receipts.record import Record, Recorder
from actas.store import Lane

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0
_log = structlog.get_logger("actas.receipts")


class StoreRecorder:
    """Records in a store, and then in *beside*, which is the decision log.

    No erasure reaches a log, so what can be erased in the store is not in it: a line names its receipt instead.
    """

    def __init__(
        self, lane: Lane[Entry], beside: Recorder, *, waits: Callable[[frozenset[str]], bool], queue: int = 10_000
    ) -> None:
        """Write into *lane*.

        *waits* says for risk classes whether an answer waits until its receipt is durable. Of those that do not wait,
        *queue* are held in memory at most; what comes then waits for room.
        """
        self._lane = lane
        self._beside = beside
        self._waits = waits
        self._room = asyncio.Semaphore(queue)
        self._keeping: set[asyncio.Task[None]] = set()

    async def record(self, record: Record) -> None:
        """Keep *record*; raises ReceiptError where that is not known to be done."""
        entry = Entry.of(record)
        try:
            if self._waits(record.risk):
                await self._lane.put(entry)
            else:
                await self._room.acquire()
                task = asyncio.create_task(self._kept(entry))
                self._keeping.add(task)
                task.add_done_callback(self._keeping.discard)
        except StoreError:
            # What the store said is in the log; whoever asks learns that it may ask again.
            raise ReceiptError("the receipt of the decision could not be kept") from None
        await self._beside.record(Record(record.decision_id, entry.document, record.risk))

    @asynccontextmanager
    async def finishing(self, grace: float) -> AsyncIterator[None]:
        """Keep what is in memory within *grace* seconds when the context ends."""
        try:
            yield
        finally:
            if self._keeping:
                await asyncio.wait(self._keeping, timeout=grace)
            if left := len(self._keeping):
                _log.error("receipts_lost", count=left, problem="the store was down until the end")
                for task in list(self._keeping):
                    task.cancel()

    async def _kept(self, entry: Entry) -> None:
        """Try until *entry* is kept: its answer has left."""
        pause = _FIRST_PAUSE_SECONDS
        try:
            while True:
                try:
                    await self._lane.put(entry)
                except StoreError:
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                    # The failure may have come after the commit.
                    entry = replace(entry, again=True)
                else:
                    return
        finally:
            self._room.release()
