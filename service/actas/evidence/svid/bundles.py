"""The bundles of all trust domains, each kept by itself and never pooled (SPIFFE Federation, sections 4.3 and 7.3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from actas.evidence.anchors import TrustAnchors
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.loading import BundleEndpoint, BundleFile
from actas.evidence.svid.polled import Ages, PolledBundle, UnusableBundleError
from actas.evidence.svid.source import BundleSource
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem

if TYPE_CHECKING:
    from actas.evidence.fetch import Fetcher

# Registries change; what was not asked for so often since is forgotten.
_MOST_KEPT = 1000
_log = structlog.get_logger("actas.evidence")


class PushedBundles(Protocol):
    """What tells every change of its own accord."""

    async def get(self, trust_domain: str, deadline: float) -> TrustBundle:
        """Give the bundle of *trust_domain*; raises SvidError."""

    async def newer(self, trust_domain: str, than: TrustBundle, deadline: float) -> TrustBundle:
        """Give it again where *than* lacks a key."""

    def close(self) -> None:
        """Ask no more."""


class Bundles:
    """Gives the bundle of a trust domain from where the registry says that it comes."""

    def __init__(
        self,
        anchors: TrustAnchors,
        fetcher: Fetcher | None = None,
        *,
        roots: Sequence[Path] = (),
        workload_api: PushedBundles | None = None,
        tell: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take where may be looked: *roots* are the policy roots, below which a file may be named.

        *tell* is given the outcome of every fetch: `ok`, `unusable` or the reason of a `FetchError`.
        """
        self._tell = tell or (lambda _: None)
        self._anchors, self._fetcher, self._roots, self._clock = anchors, fetcher, tuple(roots), clock
        self._workload_api = workload_api
        self._kept: dict[tuple[str, BundleSource], PolledBundle] = {}

    async def get(self, trust_domain: str, source: BundleSource, deadline: float) -> TrustBundle:
        """Give the bundle of *trust_domain* by *deadline* of the monotonic clock; raises SvidError."""
        if source.kind == "workload_api":
            return _usable(await self._pushed().get(trust_domain, deadline))
        return _usable(await self._polled(trust_domain, source).get(deadline))

    async def newer(self, than: TrustBundle, source: BundleSource, deadline: float) -> TrustBundle:
        """Give it again where *than* lacks a key: one that is not known may be new. As `get`."""
        if source.kind == "workload_api":
            return _usable(await self._pushed().newer(than.trust_domain, than, deadline))
        return _usable(await self._polled(than.trust_domain, source).newer(than, deadline))

    async def close(self) -> None:
        """Look at none of them any more."""
        kept, self._kept = self._kept, {}
        await asyncio.gather(*(bundle.close() for bundle in kept.values()))
        if self._workload_api is not None:
            await asyncio.to_thread(self._workload_api.close)

    def _pushed(self) -> PushedBundles:
        if self._workload_api is None:
            raise SvidError(Problem.BUNDLE_UNAVAILABLE)
        return self._workload_api

    def _polled(self, trust_domain: str, source: BundleSource) -> PolledBundle:
        name = (trust_domain, source)
        kept = self._kept.get(name)
        if kept is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            kept = self._kept[name] = self._new(trust_domain, source)
        return kept

    def _new(self, trust_domain: str, source: BundleSource) -> PolledBundle:
        trouble = ""

        def told(error: UnusableBundleError | None) -> None:
            nonlocal trouble
            if source.kind == "url":
                self._tell("ok" if error is None else error.reason)
            if error is not None and str(error) != trouble:
                _log.warning("bundle", trust_domain=trust_domain, problem=str(error))
            trouble = "" if error is None else str(error)

        if source.kind == "file":
            file = BundleFile(trust_domain, source.place, self._roots, self._anchors)
            return PolledBundle(file.load, Ages.of_file(self._anchors), told, self._clock)
        if self._fetcher is None:
            raise SvidError(Problem.BUNDLE_UNAVAILABLE)
        endpoint = BundleEndpoint(trust_domain, source.place, self._fetcher, self._anchors)
        return PolledBundle(endpoint.load, Ages.of_endpoint(self._anchors), told, self._clock)


def _usable(bundle: TrustBundle) -> TrustBundle:
    if not bundle.usable:
        raise SvidError(Problem.TRUST_DOMAIN_UNKNOWN)
    return bundle
