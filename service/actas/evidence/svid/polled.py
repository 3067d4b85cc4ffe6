"""A bundle that is looked at again and again: of a file or of a bundle endpoint (SPIFFE Federation, section 4.2)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from actas.evidence.anchors import TrustAnchors
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem

_OFTEN_SECONDS = 1.0


class UnusableBundleError(Exception):
    """The bundle cannot be had, or not be used; the message is a sentence for the log, `reason` a word for metrics."""

    def __init__(self, message: str, reason: str = "unusable") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ages:
    """When a bundle is looked at again, in seconds."""

    refresh: float
    """Its age at which it is looked at again, unless it says so itself."""
    refetch: float
    """The least time between two looks for unknown keys, or after one that failed."""
    max_stale: float
    """The age beyond which it counts for nothing."""
    hinted: bool = True
    """Whether the bundle may say itself when it is looked at again."""

    @classmethod
    def of_endpoint(cls, anchors: TrustAnchors) -> Ages:
        """Give those of a bundle that is fetched."""
        return cls(anchors.refresh, anchors.refetch, anchors.max_stale)

    @classmethod
    def of_file(cls, anchors: TrustAnchors) -> Ages:
        """Give those of a file, at which it costs nothing to look."""
        return cls(_OFTEN_SECONDS, _OFTEN_SECONDS, anchors.max_stale, hinted=False)

    def interval(self, bundle: TrustBundle) -> float:
        """Give the age at which *bundle* is looked at again: neither all the time nor too late."""
        hint = bundle.refresh_hint if self.hinted else None
        return min(max(self.refresh if hint is None else hint, _OFTEN_SECONDS), self.max_stale / 2)


class PolledBundle:
    """Keeps what *load* gives. Nothing is loaded while nobody asks."""

    def __init__(
        self,
        load: Callable[[], Awaitable[TrustBundle]],
        ages: Ages,
        told: Callable[[UnusableBundleError | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare. *load* raises UnusableBundleError; *told* is given the one of each look, None where it went well."""
        self._load, self._ages, self._told, self._clock = load, ages, told, clock
        self._bundle: TrustBundle | None = None
        self._confirmed = 0.0
        self._tried: float | None = None
        self._failed = False
        self._looking: asyncio.Task[None] | None = None

    async def get(self, deadline: float) -> TrustBundle:
        """Give the bundle, waiting for it until *deadline* of the monotonic clock; raises SvidError."""
        bundle, age = self._bundle, self._clock() - self._confirmed
        if bundle is None or age > self._ages.interval(bundle):
            if self._may_look():
                self._look()
            # Beside the decision, unless nobody has asked for long: then a key may have been taken back.
            late = bundle is not None and age > 2 * self._ages.interval(bundle) and not self._failed
            if late or bundle is None or age > self._ages.max_stale:
                await self._seen(deadline)
        return self._current()

    async def newer(self, than: TrustBundle, deadline: float) -> TrustBundle:
        """Look again for keys that *than* lacks, if that was not just done; as `get`."""
        if self._bundle is than and self._tried is not None and self._clock() - self._tried >= self._ages.refetch:
            self._look()
        if self._bundle is than:
            await self._seen(deadline)
        return self._current()

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _may_look(self) -> bool:
        return not self._failed or self._tried is None or self._clock() - self._tried >= self._ages.refetch

    def _look(self) -> None:
        if self._looking is None or self._looking.done():
            self._tried = self._clock()
            self._looking = asyncio.get_running_loop().create_task(self._looked())

    async def _looked(self) -> None:
        try:
            found = await self._load()
            if self._bundle is not None and (found.sequence or 0) < (self._bundle.sequence or 0):
                raise UnusableBundleError("its spiffe_sequence is lower than before")
        except UnusableBundleError as error:
            self._failed = True
            self._told(error)
            return
        self._bundle, self._confirmed, self._failed = found, self._clock(), False
        self._told(None)

    async def _seen(self, deadline: float) -> None:
        """Wait for a look that is under way."""
        left = deadline - time.monotonic()
        if self._looking is not None and not self._looking.done() and left > 0:
            await asyncio.wait({self._looking}, timeout=left)

    def _current(self) -> TrustBundle:
        if self._bundle is None:
            raise SvidError(Problem.BUNDLE_UNAVAILABLE)
        if self._clock() - self._confirmed > self._ages.max_stale:
            raise SvidError(Problem.BUNDLE_STALE)
        return self._bundle
