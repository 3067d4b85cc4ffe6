"""Says regularly how far the chains of a store reach, where nobody who can change the store can change it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import Connection, select, update

from actas.errors import StoreError
from actas.evidence.signing import SigningKey
from actas.receipts import statements
from actas.receipts.chain import ChainWriter, Head
from actas.receipts.statements import Sink
from actas.store import StoreThread
from actas.store.schema import writers

# Of those that ended without a last word, so many at a time.
_MOST_OTHERS = 1000
_log = structlog.get_logger("actas.receipts")


class Checkpoints:
    """Checkpoints of the chain of *writer*, and of those whose processes have ended before they could."""

    def __init__(
        self,
        thread: StoreThread,
        writer: ChainWriter,
        key: SigningKey,
        sink: Sink,
        observe: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Sign with *key*, which is never in the store; *observe* is told of each `checkpoint`, or that it failed."""
        self._observe = observe
        self._thread = thread
        self._writer = writer
        self._key = key
        self._sink = sink
        self._said = 0
        self.trouble = ""
        """Why the last checkpoint could not be written; empty when it could."""

    @asynccontextmanager
    async def every(self, seconds: float) -> AsyncIterator[None]:
        """Write one every so many *seconds*, and a last one in the end."""
        task = asyncio.create_task(self._repeat(seconds))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._try()

    async def write(self) -> int:
        """Write one now, of the chains that have grown, and say how many these are; raises StoreError."""
        own = self._writer.head
        heads = {head.writer: head for head in await self._thread.run(_grown)}
        if own is not None:
            # What this process knows of its own chain, nobody could have changed.
            heads.pop(own.writer, None)
            if own.seq > self._said:
                heads[own.writer] = own
        if not heads or not self._writer.store_id:
            return 0
        said = statements.of("checkpoint", self._writer.store_id, heads.values())
        await asyncio.to_thread(self._sink.add, said, self._key)
        if own is not None:
            self._said = own.seq
        await self._thread.run(lambda connection: _mark(connection, said.heads))
        return len(heads)

    async def _repeat(self, seconds: float) -> None:
        while True:
            await self._try()
            await asyncio.sleep(seconds)

    async def _try(self) -> None:
        try:
            if await self.write():
                self._observe("checkpoint")
        except StoreError as error:
            self._observe("checkpoint_failure")
            if not self.trouble:
                _log.error("checkpoint_failed", problem=str(error))
            self.trouble = str(error)
        else:
            self.trouble = ""


def _grown(connection: Connection) -> list[Head]:
    asked = select(writers.c.writer, writers.c.seq, writers.c.head).where(writers.c.seq > writers.c.checkpointed)
    return [Head(row.writer, row.seq, bytes(row.head)) for row in connection.execute(asked.limit(_MOST_OTHERS))]


def _mark(connection: Connection, heads: tuple[Head, ...]) -> None:
    for head in heads:
        behind = (writers.c.writer == head.writer) & (writers.c.checkpointed < head.seq)
        connection.execute(update(writers).where(behind).values(checkpointed=head.seq))
