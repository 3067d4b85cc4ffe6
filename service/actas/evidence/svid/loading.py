"""Loading a bundle document from a file or from a bundle endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from actas.evidence.anchors import TrustAnchors
from actas.evidence.svid.bundle import TrustBundle, read_bundle
from actas.evidence.svid.polled import UnusableBundleError
from actas.evidence.unfetched import FetchError

if TYPE_CHECKING:
    from actas.evidence.fetch import Fetcher


class BundleFile:
    """The file *name*: below one of *roots*, or in a directory that *anchors* name."""

    def __init__(self, trust_domain: str, name: str, roots: Sequence[Path], anchors: TrustAnchors) -> None:
        """Prepare; the file is read by `load`."""
        self._trust_domain, self._name, self._roots, self._anchors = trust_domain, name, roots, anchors
        self._seen: tuple[object, TrustBundle] | None = None

    async def load(self) -> TrustBundle:
        """Give what the file holds now, as it was read before where it is the same; raises UnusableBundleError."""
        try:
            return await asyncio.to_thread(self._load)
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnusableBundleError(f"the file {self._name}: {reason}") from None

    def _load(self) -> TrustBundle:
        with self._place().open("rb") as file:
            text = file.read(self._anchors.max_bytes + 1)
        if self._seen is None or self._seen[0] != text:
            self._seen = text, read_bundle(self._trust_domain, text, max_bytes=self._anchors.max_bytes)
        return self._seen[1]

    def _place(self) -> Path:
        """Give where links lead, so that what is read is what was checked; a pipe would keep its reader for ever."""
        path = PurePosixPath(self._name)
        if path.is_absolute():
            place = Path(self._name).resolve()
            if not self._anchors.holds(place):
                raise ValueError("is in none of trust.directories")
            if not place.is_file():
                raise ValueError("is no file")
            return place
        for root in self._roots:
            place = (root / path).resolve()
            if place.is_relative_to(root.resolve()) and place.is_file():
                return place
        raise ValueError("is in no policy root")


class BundleEndpoint:
    """The bundle endpoint at *url*, known by its Web PKI certificate (SPIFFE Federation, section 5.2.1)."""

    def __init__(self, trust_domain: str, url: str, fetcher: Fetcher, anchors: TrustAnchors) -> None:
        """Prepare; nothing is asked yet."""
        self._trust_domain, self._url, self._fetcher, self._anchors = trust_domain, url, fetcher, anchors

    async def load(self) -> TrustBundle:
        """Give what the endpoint answers; raises UnusableBundleError."""
        try:
            text = await self._fetcher.get(self._url)
            return read_bundle(self._trust_domain, text, max_bytes=self._anchors.max_bytes)
        except FetchError as error:
            raise UnusableBundleError(f"the bundle endpoint {error}", error.reason) from None
        except ValueError as error:
            raise UnusableBundleError(f"what the bundle endpoint answers {error}") from None
