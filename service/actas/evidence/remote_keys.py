"""Issuers' keys at URLs, kept by the process: fetched ahead of need, rarely, and never trusted for too long.

A revision says which URL an issuer's keys are at; the keys themselves outlive it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

import structlog

from actas.evidence.anchors import TrustAnchors, host_of
from actas.evidence.keys import VerificationKey, usable_keys
from actas.evidence.unfetched import FetchError

Keys = Mapping[str, VerificationKey]
Fetch = Callable[[str], Awaitable[bytes]]
Clock = Callable[[], float]
# Fetches for keys that nobody has become rarer, up to so many times the least time between two.
_RAREST = 6
_log = structlog.get_logger("actas.evidence")


class KeysUnavailableError(Exception):
    """There are no keys, or none that are young enough."""


class RemoteKeys:
    """The keys at one URL. Times are in seconds of a monotonic clock."""

    def __init__(
        self, url: str, fetch: Fetch, anchors: TrustAnchors, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._anchors = anchors
        self._clock = clock
        self._tell = tell
        self._keys: Keys = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")
        self._fruitless = 0
        self._task: asyncio.Task[None] | None = None

    async def having(self, kid: str, within: float) -> Keys:
        """Give the keys, which are fetched when *kid* is not among them; waits no longer than *within* seconds for it.

        An empty *kid* is any key's. Raises KeysUnavailableError.
        """
        if self._usable and (not kid or kid in self._keys):
            self.refresh()
            return self._keys
        if (task := self._fetching()) is not None:
            await asyncio.wait({task}, timeout=within)
        if not self._usable:
            raise KeysUnavailableError
        return self._keys

    def refresh(self) -> None:
        """Have the keys fetched, beside whatever else is done, when they are old."""
        if self._clock() - self._fetched >= self._anchors.refresh:
            self._fetching()

    async def stop(self) -> None:
        """End a fetch that is under way."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    @property
    def _usable(self) -> bool:
        return self._clock() - self._fetched <= self._anchors.max_stale

    def _fetching(self) -> asyncio.Task[None] | None:
        """Give the one fetch that is under way, or a new one where that is allowed again."""
        if self._task is not None and not self._task.done():
            return self._task
        now = self._clock()
        if now - self._asked < self._anchors.refetch * min(2**self._fruitless, _RAREST):
            return None
        self._asked = now
        self._task = asyncio.create_task(self._fetch_now())
        return self._task

    async def _fetch_now(self) -> None:
        try:
            keys = usable_keys(await self._fetch(self._url))
        except FetchError as error:
            self._failed(error.reason)
        except ValueError:
            self._failed("unusable")
        else:
            now = self._clock()
            early = now - self._fetched < self._anchors.refresh
            self._fruitless = min(self._fruitless + 1, _RAREST) if early and keys.keys() == self._keys.keys() else 0
            self._keys, self._fetched = keys, now
            self._tell("ok")

    def _failed(self, reason: str) -> None:
        self._tell(reason)
        _log.warning("keys_not_fetched", host=host_of(self._url), reason=reason, usable=self._usable)


class KeyStore:
    """The keys at all URLs that a process was asked for."""

    def __init__(
        self, fetch: Fetch, anchors: TrustAnchors, *, clock: Clock = time.monotonic, tell: Callable[[str], None]
    ) -> None:
        """Fetch with *fetch*; *tell* is told the outcome of each fetch in a word."""
        self._fetch = fetch
        self._anchors = anchors
        self._clock = clock
        self._tell = tell
        self._sources: dict[str, RemoteKeys] = {}

    async def having(self, url: str, kid: str, within: float) -> Keys:
        """See `RemoteKeys.having`."""
        return await self._source(url).having(kid, within)

    def keep(self, urls: Collection[str]) -> None:
        """Have the keys at *urls* at hand, and forget those that no revision names any more."""
        for url in self._sources.keys() - set(urls):
            del self._sources[url]
        for url in urls:
            self._source(url).refresh()

    async def close(self) -> None:
        """End every fetch."""
        for source in self._sources.values():
            await source.stop()

    def _source(self, url: str) -> RemoteKeys:
        source = self._sources.get(url)
        if source is None:
            source = RemoteKeys(url, self._fetch, self._anchors, self._clock, self._tell)
            self._sources[url] = source
        return source
