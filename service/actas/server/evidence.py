"""What one process needs to verify evidence: connections, keys that are kept fresh beside the decisions, secrets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from actas.config import Config
from actas.errors import EngineError
from actas.evidence.fetch import Fetcher
from actas.evidence.introspection import Introspector
from actas.evidence.remote_keys import KeyStore
from actas.evidence.svid.bundles import Bundles
from actas.evidence.svid.verifier import SvidVerifier
from actas.evidence.svid.workload_api import WorkloadApiBundles
from actas.evidence.tokens import TokenVerifier
from actas.evidence.verifier import VerifierChain
from actas.ports import EngineHandle
from actas.server.background import background
from actas.server.metrics import Metrics

# How soon the keys that a new revision names are fetched, before somebody needs them.
_LOOK_SECONDS = 1.0
_log = structlog.get_logger("actas.server")


class ProcessEvidence:
    """The verifier of one process, with all that it keeps between decisions."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        """Prepare, and read the secrets; nothing is fetched yet."""
        anchors = config.trust
        self._fetcher = Fetcher(anchors)
        self._keys = KeyStore(self._fetcher.get, anchors, tell=metrics.fetched)
        self._workload_api = WorkloadApiBundles(anchors, _told) if anchors.workload_api else None
        self._bundles = Bundles(
            anchors, self._fetcher, roots=config.policies, workload_api=self._workload_api, tell=metrics.fetched
        )
        introspector = Introspector(self._fetcher, anchors, config.limits)
        self.verifier = VerifierChain(
            SvidVerifier(self._bundles, config.limits), TokenVerifier(self._keys, introspector, config.limits)
        )

    @asynccontextmanager
    async def kept(self, handle: EngineHandle) -> AsyncIterator[None]:
        """Keep at hand what the revision that serves needs, as long as the context lasts."""
        if self._workload_api is not None:
            self._workload_api.start()
        try:
            async with background("keys", self._keep(handle)):
                yield
        finally:
            await self._bundles.close()
            await self._keys.close()
            await self._fetcher.close()

    async def _keep(self, handle: EngineHandle) -> None:
        while True:
            with contextlib.suppress(EngineError):
                async with handle.lease() as lease:
                    self._keys.keep(lease.data.key_urls)
            await asyncio.sleep(_LOOK_SECONDS)


def _told(sentence: str) -> None:
    _log.warning("bundle", problem=sentence)
