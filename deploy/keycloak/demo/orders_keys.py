"""The public keys of a realm, fetched from its JWKS (RFC 7517, section 5) and kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import httpx
from jwt import PyJWK, PyJWTError

# An allow-list: no `none`, and no HMAC, with which anybody who knows the public key could sign.
ALGORITHMS = ("RS256", "ES256")
KEEP_SECONDS = 300.0
# A token with an invented `kid` must not make us ask the realm each time.
PAUSE_SECONDS = 5.0
FETCH_SECONDS = 5.0


class RealmKeys:
    """Signing keys by `kid`; asks again when they are old or a `kid` is new."""

    def __init__(self, url: str) -> None:
        """Fetch from *url*, and only when a key is first asked for."""
        self._url = url
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> PyJWK | None:
        """Give the key of this name; None where the realm has none, or cannot be asked."""
        # Whoever comes while somebody asks waits for that answer.
        async with self._lock:
            now = time.monotonic()
            old, new = now - self._fetched > KEEP_SECONDS, kid not in self._keys
            if (old or new) and now - self._tried > PAUSE_SECONDS:
                self._tried = now
                await self._fetch()
        # Keys that could not be renewed are no longer known to be the realm's.
        return self._keys.get(kid) if time.monotonic() - self._fetched <= KEEP_SECONDS else None

    async def _fetch(self) -> None:
        try:
            # A proxy of the environment would decide which keys are trusted.
            async with httpx.AsyncClient(trust_env=False, timeout=FETCH_SECONDS) as client:
                answer = await client.get(self._url)
            answer.raise_for_status()
            entries = answer.json()["keys"]
            self._keys = {str(entry["kid"]): PyJWK(entry) for entry in entries if _signs(entry)}
        except (httpx.HTTPError, PyJWTError, ValueError, KeyError, TypeError):
            return
        self._fetched = time.monotonic()


def _signs(entry: Mapping[str, object]) -> bool:
    """Leave out keys for encryption and of other algorithms. A key that names none is used as its type says."""
    return entry.get("use", "sig") == "sig" and entry.get("alg", "RS256") in ALGORITHMS and entry.get("kty") != "oct"
