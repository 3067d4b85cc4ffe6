"""The service's own X.509-SVID from the SPIFFE Workload API, which pushes a new one long before the old one ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from threading import Event, Lock, Thread

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from spiffe import X509Svid
from spiffe.errors import ArgumentError
from spiffe.workloadapi.x509_context import X509Context

from actas.errors import ConfigError
from actas.evidence.svid.workload_api import ApartClient, Refusal
from actas.evidence.x509_chain import Certificates, to_pem
from actas.listener import Listener
from actas.server.metrics import Metrics
from actas.server.tls.own import Identity, Pair

FIRST_SECONDS = 20.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0
_SETTING = "tls_workload_api"
_DER = serialization.Encoding.DER
_log = structlog.get_logger("actas.server")


class WorkloadIdentity:
    """An X.509-SVID, and the bundles of the trust domains that the Workload API tells of."""

    def __init__(self, socket: Listener, metrics: Metrics) -> None:
        """Begin to follow the Workload API at *socket*, in a thread of its own."""
        self._socket = socket
        self._metrics = metrics
        self._lock = Lock()
        self._identity: Identity | None = None
        self._spiffe_id = ""
        self._refusal = Refusal()
        self._there = Event()
        self._ended = Event()
        self._over = Event()
        self.problem = ""
        Thread(target=self._follow, name="workload-api", daemon=True).start()

    @classmethod
    def wait(cls, socket: Listener, metrics: Metrics, *, seconds: float) -> WorkloadIdentity:
        """Follow the Workload API, and wait for the first X.509-SVID; raises ConfigError when none comes in time."""
        made = cls(socket, metrics)
        if not made._there.wait(seconds):
            made.close()
            why = f": {made.problem}" if made.problem else ""
            raise ConfigError(_SETTING, f"{socket} gave no X.509-SVID within {seconds:.0f} s{why}")
        return made

    def current(self) -> Identity:
        """Give the X.509-SVID and the bundles that came last.

        When that SVID has ended nobody was there to renew it, nor to tell of an authority that was dropped: what came
        with it vouches for nobody any more.
        """
        with self._lock:
            identity = self._identity
        assert identity is not None  # noqa: S101 - for the types: `wait` saw it
        return identity if time.time() <= identity.pair.ends else replace(identity, bundles={})

    def close(self) -> None:
        """Stop following; the stream ends with the process at the latest."""
        self._ended.set()
        self._over.set()

    def _follow(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._ended.is_set():
            began = time.monotonic()
            self._over.clear()
            if self._ended.is_set():
                return
            try:
                with ApartClient(f"unix://{self._socket.path}") as client:
                    stream = client.stream_x509_contexts(self._received, self._lost, retry_connect=False)
                    self._over.wait()
                    stream.cancel()
            except ArgumentError as error:
                self._lost(error)
            if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._ended.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _received(self, context: X509Context) -> None:
        svid = _shown(context, self._spiffe_id)
        before = self._identity
        if before is not None and str(svid.spiffe_id) != self._spiffe_id and not self._refusal.lasts():
            with self._lock:
                self._identity = replace(before, bundles=_bundles(context))
            self._over.set()
            return
        try:
            identity = _identity(svid, context)
        except ValueError as error:
            self._say(str(error))
            return
        with self._lock:
            changed, self._identity = identity != self._identity, identity
        self.problem, self._spiffe_id = "", str(svid.spiffe_id)
        self._refusal.over()
        self._there.set()
        if changed:
            _log.info("read_again", setting=_SETTING, spiffe_id=str(svid.spiffe_id))
            self._metrics.followed(_SETTING, "read")

    def _lost(self, error: Exception) -> None:
        # The library gives the status as a part of its sentence alone.
        refused = "PERMISSION_DENIED" in str(error)
        if refused and self._identity is not None and not self._refusal.lasts():
            self._over.set()
            return
        with self._lock:
            if refused and self._identity is not None:
                # SPIFFE Workload API, section 5.2.2: whoever is refused ceases to use what it had.
                self._identity = replace(self._identity, bundles={})
        self._say("the Workload API refuses this service" if refused else "the Workload API is not there")
        self._over.set()

    def _say(self, problem: str) -> None:
        if problem != self.problem and not self._ended.is_set():
            _log.error("not_read_again", setting=_SETTING, problem=problem)
            self._metrics.followed(_SETTING, "kept")
        self.problem = problem


def _shown(context: X509Context, before: str) -> X509Svid:
    """Give the SVID to show: the one that was, else the first with a DNS name, which clients verify, else the default.

    The default is the first (SPIFFE Workload API, section 5.3). For SPIRE that is the one whose entry has the least id,
    which is random where nobody chose it.
    """
    svids = context.x509_svids
    same = (svid for svid in svids if str(svid.spiffe_id) == before)
    return next(chain(same, filter(_has_dns_name, svids), svids))


def _has_dns_name(svid: X509Svid) -> bool:
    names = svid.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return bool(names.get_values_for_type(x509.DNSName))


def _identity(svid: X509Svid, context: X509Context) -> Identity:
    key = svid.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(Pair(key, to_pem(svid.cert_chain)), _bundles(context))


def _bundles(context: X509Context) -> Mapping[str, Certificates]:
    return {
        # In an order of their own: what is the same must be equal.
        bundle.trust_domain.name: tuple(sorted(bundle.x509_authorities, key=lambda each: each.public_bytes(_DER)))
        for bundle in context.x509_bundle_set.bundles
    }
