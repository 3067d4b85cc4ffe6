"""The revocations of the store, kept in this process: read again and again, so that a change is soon known here.

Every process asks the database itself. Nobody has to be told, so nobody can be forgotten; and a process that has not
heard from the database for a while knows that it does not know, and policy denies.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from actas.errors import StoreError
from actas.request import ExchangeRequest
from actas.revocation import log
from actas.revocation.change import Recorded
from actas.revocation.index import RevocationIndex
from actas.revocation.log import Place
from actas.revocation.names import Agents
from actas.revocation.view import StateView
from actas.store import Database

POLL_SECONDS = 0.2
"""How often the database is asked for changes."""
_log = structlog.get_logger("actas.state")


class RevocationFeed:
    """What is revoked in the store at *database*, as of the last time that it could be asked."""

    def __init__(self, database: Database, *, stale_after: float) -> None:
        """Know nothing yet. The state is stale when the database was not heard for *stale_after* seconds."""
        self._database = database
        self._stale_after = stale_after
        self._index = RevocationIndex()
        self._place = Place()
        self._heard = -float("inf")
        self._reading = asyncio.Lock()
        # A thread of its own: calls that keep all others busy must not make the state stale.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="revocations")
        self._failure = "not read yet"
        self._told_stale = False

    @property
    def version(self) -> int:
        """The version of the last change that is in force here."""
        return self._place.version

    @property
    def problem(self) -> str:
        """Why the state is stale; empty where it is not."""
        if self._is_fresh():
            return ""
        return f"the store's revocations: {self._failure or 'the last reading is too long ago'}"

    def lookup(self, request: ExchangeRequest, agents: Agents | None = None) -> StateView:
        """Give what *request* is touched by; stale where that may have changed unnoticed."""
        freshness = "fresh" if self._is_fresh() else "stale"
        return StateView(freshness, f"store:{self.version}", self._index.touched(request, agents))

    def having(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Give the revocations in force that have every member by which *wanted* names somebody."""
        return self._index.having(wanted)

    async def refresh(self) -> None:
        """Put in force here what is in the store now; raises StoreError."""
        async with self._reading:
            begun = time.monotonic()
            try:
                while found := await asyncio.get_running_loop().run_in_executor(self._reader, self._read):
                    self._apply(found)
            except StoreError as error:
                self._failure = str(error)
                raise
            self._index.forget_ended(time.time())
            self._heard, self._failure = begun, ""

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the store as long as the context lasts; entered when its state is known, or known to be unknown."""
        with suppress(StoreError):
            await self.refresh()
        self._tell()
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._reader.shutdown(wait=False, cancel_futures=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with suppress(StoreError):
                await self.refresh()
            self._tell()

    def _read(self) -> list[Recorded]:
        with self._database.reading() as connection:
            return log.since(connection, self._place)

    def _apply(self, found: list[Recorded]) -> None:
        for recorded in found:
            if recorded.change.what == "revoke":
                self._index.add(recorded.change.entry)
            else:
                self._index.remove(recorded.change.entry)
        self._place = Place(found[-1].version, found[-1].hash)

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._heard <= self._stale_after

    def _tell(self) -> None:
        """Log when the state becomes stale, and when it is known again."""
        stale = not self._is_fresh()
        if stale and not self._told_stale:
            _log.error("revocation_state_stale", problem=self.problem)
        elif self._told_stale and not stale:
            _log.info("revocation_state_fresh", version=self.version)
        self._told_stale = stale
