"""Bundles from a SPIFFE Workload API, which tells every change at once (SPIFFE Workload API, sections 5 and 6).

The library's calls block, so they are made in a thread of their own. What a decision needs is read without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from joserfc import jwk
from spiffe import JwtBundle, JwtBundleSet, TrustDomain, WorkloadApiClient, X509Bundle, X509BundleSet
from spiffe.workloadapi.workload_api_client import StreamCancelHandler

from actas.evidence.anchors import TrustAnchors
from actas.evidence.keys import VerificationKey
from actas.evidence.svid.bundle import TrustBundle, verification_key
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem

REFUSED_SECONDS = 2.0
"""How long a refusal is asked about again before it counts: while SPIRE's agent has an SVID signed anew whose authority
was tainted, it refuses the workload."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_LOOK_SECONDS = 0.01

B = TypeVar("B")
_log = structlog.get_logger("actas.evidence")


class ApartClient(WorkloadApiClient):
    """The library's client, for which no trust domain's bundle spoils those of the others.

    A partner that federates chooses what its bundle holds. Where that is no certificate, or a key that is none, the
    library would take the whole message for none, and with it what the own trust domain took back or signed anew.
    """

    @staticmethod
    def _create_x509_bundle_set(resp_bundles: Mapping[str, bytes]) -> X509BundleSet:
        return X509BundleSet.of(_apart(resp_bundles, _x509_bundle))

    @staticmethod
    def _create_jwt_bundle_set(resp_bundles: Mapping[str, bytes]) -> JwtBundleSet:
        return JwtBundleSet.of(_apart(resp_bundles, JwtBundle.parse))

    @staticmethod
    def _create_td_jwt_bundle_dict(jwt_bundle_response: Any) -> dict[TrustDomain, JwtBundle]:
        return {bundle.trust_domain: bundle for bundle in _apart(jwt_bundle_response.bundles, JwtBundle.parse)}


class Refusal:
    """A refusal, or an SVID that is missing, which counts only when it lasts. Times are seconds of *clock*."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is refused yet."""
        self._clock = clock
        self._since: float | None = None

    def lasts(self) -> bool:
        """Say, of one that is met now, whether it lasts for so long that it counts; else ask again."""
        now = self._clock()
        self._since = now if self._since is None else self._since
        return now - self._since >= REFUSED_SECONDS

    def over(self) -> None:
        """Forget it: what was refused has come."""
        self._since = None


class WorkloadApiBundles:
    """The bundles of every trust domain that the Workload API of *anchors* gives this process."""

    def __init__(
        self, anchors: TrustAnchors, told: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; *told* is given a sentence when the Workload API does not answer, once as long as it does not."""
        self._anchors, self._told, self._clock = anchors, told, clock
        self._bundles: Mapping[str, TrustBundle] | None = None
        self._confirmed = 0.0
        self._looks = 0
        self._asked = 0.0
        self._trouble = ""
        self._refusal = Refusal(clock)
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Ask the Workload API from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="workload-api", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ask it no more."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(self._anchors.timeout + 1)

    async def get(self, trust_domain: str, deadline: float) -> TrustBundle:
        """Give the bundle of *trust_domain*, waiting for the very first until *deadline*; raises SvidError."""
        self.start()
        if self._bundles is None:
            await self._looked(0, deadline)
        return self._current(trust_domain)

    async def newer(self, trust_domain: str, than: TrustBundle, deadline: float) -> TrustBundle:
        """Look again for keys that *than* lacks, if that was not just done; as `get`."""
        if self._current(trust_domain) is than and self._clock() - self._asked >= self._anchors.refetch:
            self._asked, looks = self._clock(), self._looks
            self._wake.set()
            await self._looked(looks, min(deadline, time.monotonic() + self._anchors.timeout))
        return self._current(trust_domain)

    async def _looked(self, before: int, deadline: float) -> None:
        while self._looks == before and time.monotonic() < deadline:  # noqa: ASYNC110 - what changes is of another thread
            await asyncio.sleep(_LOOK_SECONDS)

    def _current(self, trust_domain: str) -> TrustBundle:
        bundles, confirmed = self._bundles, self._confirmed
        if bundles is None:
            raise SvidError(Problem.BUNDLE_UNAVAILABLE)
        if self._clock() - confirmed > self._anchors.max_stale:
            raise SvidError(Problem.BUNDLE_STALE)
        if trust_domain not in bundles:
            raise SvidError(Problem.BUNDLE_UNAVAILABLE)
        return bundles[trust_domain]

    def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            began = self._clock()
            try:
                self._listen()
            except Exception as error:
                self._failed(error)
            pause = _FIRST_PAUSE if self._clock() - began > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            self._closing.wait(pause)

    def _listen(self) -> None:
        """Look at once and after every change, until a stream ends."""
        client = ApartClient(self._anchors.workload_api, default_timeout=self._anchors.timeout)
        ended = threading.Event()
        streams: list[StreamCancelHandler] = []

        def end(_: Exception) -> None:
            ended.set()
            self._wake.set()

        try:
            self._look(client)
            streams.append(client.stream_jwt_bundles(lambda _: self._wake.set(), end, retry_connect=False))
            streams.append(client.stream_x509_contexts(lambda _: self._wake.set(), end, retry_connect=False))
            while not ended.is_set() and not self._closing.is_set():
                self._wake.wait(self._anchors.refresh)
                self._wake.clear()
                if not self._closing.is_set():
                    self._look(client)
        finally:
            for stream in streams:
                stream.cancel()
            client.close()

    def _look(self, client: WorkloadApiClient) -> None:
        jwt_bundles, x509_bundles = client.fetch_jwt_bundles(), client.fetch_x509_bundles()
        self._bundles, self._confirmed = _joined(jwt_bundles, x509_bundles, self._bundles or {}), self._clock()
        self._looks += 1
        self._trouble = ""
        self._refusal.over()

    def _failed(self, error: Exception) -> None:
        code = getattr(error.__cause__, "code", None)
        name = code().name if callable(code) else ""
        if name == "PERMISSION_DENIED":
            if not self._refusal.lasts() and self._bundles is not None:
                return
            # Section 5.2.2: whoever is refused ceases to use what it had.
            self._bundles = None
        self._looks += 1
        trouble = name or "it cannot be reached, or what it says not be understood"
        if trouble != self._trouble:
            self._told(f"the Workload API: {trouble}")
        self._trouble = trouble


def _apart(bundles: Mapping[str, bytes], read: Callable[[TrustDomain, bytes], B]) -> list[B]:
    """Read the bundle of each trust domain; one that cannot be read is not there, and verifies nothing."""
    found = []
    for name, text in bundles.items():
        try:
            found.append(read(TrustDomain(name), text))
        except Exception:  # of a bundle in a form of its own, the library and its parsers raise many things
            _log.warning("bundle", trust_domain=name, problem="the Workload API: it cannot be read")
    return found


def _x509_bundle(trust_domain: TrustDomain, der: bytes) -> X509Bundle:
    """Read certificates one after the other; none at all take back those that were there (Bundle, section 4.1.3)."""
    return X509Bundle.parse_raw(trust_domain, der) if der else X509Bundle(trust_domain, set())


def _joined(
    jwt_bundles: JwtBundleSet, x509_bundles: X509BundleSet, known: Mapping[str, TrustBundle]
) -> dict[str, TrustBundle]:
    """Give one bundle for each trust domain, the very one that was known where nothing has changed."""
    keys = {bundle.trust_domain.name: _jwt_keys(bundle) for bundle in jwt_bundles.bundles}
    roots = {
        bundle.trust_domain.name: tuple(sorted(bundle.x509_authorities, key=_der)) for bundle in x509_bundles.bundles
    }
    fresh = {name: TrustBundle(name, roots.get(name, ()), keys.get(name, {})) for name in keys.keys() | roots.keys()}
    return {name: known[name] if known.get(name) == bundle else bundle for name, bundle in fresh.items()}


def _jwt_keys(bundle: JwtBundle) -> dict[str, VerificationKey]:
    found = {}
    for kid, key in bundle.jwt_authorities.items():
        if isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
            pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            with contextlib.suppress(ValueError):  # no key that anything is signed with here
                if (read := _key(pem, isinstance(key, RSAPublicKey))) is not None:
                    found[kid] = read
    return found


@lru_cache(maxsize=256)
def _key(pem: bytes, rsa: bool) -> VerificationKey | None:
    """Give the same key for the same text, so that a bundle that has not changed is equal to the one before."""
    return verification_key(jwk.import_key(pem, "RSA" if rsa else "EC").as_dict())


def _der(root: Certificate) -> bytes:
    return root.public_bytes(Encoding.DER)
