"""What is in force, for those who list it a page at a time: the whole log is read for the first page, not for each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from actas.revocation import log
from actas.revocation.change import Recorded

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT_SECONDS: Final = 30.0
"""How long it is kept for the next page."""

Look = Callable[["Connection"], list[Recorded]]


class ListedRevocations:
    """The revocations in force in one version of the state, kept while somebody turns the pages."""

    def __init__(self) -> None:
        self._version = -1
        self._found: list[Recorded] = []
        self._end: asyncio.TimerHandle | None = None

    async def page(
        self, read: Callable[[Look], Awaitable[list[Recorded]]], *, version: int, after: int, kind: str, size: int
    ) -> tuple[list[Recorded], bool]:
        """Give at most *size* of them in their order, and whether there are more.

        *after* is the version that the page before ended with, *version* that of the present state; *read* reads the
        store.
        """
        now = time.time()
        if not after or version != self._version:
            self._found = await read(lambda store: log.in_force(log.everything(store), now))
            self._version = version
        wanted = [
            one
            for one in self._found
            if one.version > after
            and kind in ("", one.change.entry["kind"])
            and one.change.entry.get("until", now + 1) > now
        ]
        if self._end is not None:
            self._end.cancel()
        if len(wanted) > size:
            self._end = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget)
        else:
            self._forget()
        return wanted[:size], len(wanted) > size

    def _forget(self) -> None:
        self._version, self._found = -1, []
