"""Who the certificate of a connection names, verified by us after gRPC's own handshake.

The handshake accepts a chain to any authority of any trust domain. Here a SPIFFE ID counts only where the chain leads
to the bundle of its own trust domain, and a subject only where it leads to an authority of `tls_client_ca`. That is
asked anew whenever the authorities change, so with an authority that is dropped its certificates end as well, also on
connections that are open.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from actas.evidence.svid import x509_svid
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.evidence.x509_chain import Chain, chain_of, verified_until
from actas.server.tls.trust import Trust

AuthContext = Mapping[str, Iterable[bytes]]
"""What gRPC knows of a connection."""

_MOST = 1024


@dataclass(frozen=True, slots=True)
class PeerCertificate:
    """Whom a verified certificate names: a workload, a subject (RFC 4514), or both; *until* then, in seconds."""

    spiffe_id: str = ""
    subject: str = ""
    until: float = 0.0


NOBODY = PeerCertificate()
# How long a certificate that names nobody is not looked at again; it may only become valid later.
_REFUSED_SECONDS = 1.0
_AGAIN_SECONDS = 60.0


class Peers:
    """The certificates that were presented, each verified once for as long as the authorities stay as they are."""

    def __init__(self, trust: Callable[[], Trust], clock: Callable[[], float] = time.time) -> None:
        """Ask *trust* for the authorities; the same object means that nothing has changed."""
        self._trust = trust
        self._clock = clock
        self._known: OrderedDict[tuple[bytes, bytes], PeerCertificate] = OrderedDict()
        self._known_by: Trust | None = None

    def certificate(self, auth: AuthContext) -> PeerCertificate:
        """Say whom the certificate in *auth* names now; nobody where there is none or nothing vouches for it."""
        presented = (_only(auth, "x509_pem_cert"), _only(auth, "x509_pem_cert_chain"))
        if not presented[0]:
            return NOBODY
        trust, now = self._trust(), self._clock()
        if trust is not self._known_by:
            self._known.clear()
            self._known_by = trust
        found = self._known.get(presented)
        if found is None or found.until <= now:
            found = self._known[presented] = _verified(*presented, trust, now)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        return found


def _only(auth: AuthContext, name: str) -> bytes:
    values = tuple(auth.get(name, ()))
    return values[0] if len(values) == 1 else b""


def _verified(leaf: bytes, others: bytes, trust: Trust, now: float) -> PeerCertificate:
    try:
        chain = chain_of(leaf, others)
        spiffe_id, spiffe_until = _workload(chain, trust, now)
        subject_until = verified_until(chain, trust.client, now=now)
        subject = chain.leaf.subject.rfc4514_string() if subject_until is not None else ""
    except ValueError:
        return PeerCertificate(until=now + _REFUSED_SECONDS)
    ends = [end for end in (spiffe_until, subject_until) if end is not None]
    # An authority may end before what it signed.
    return PeerCertificate(spiffe_id, subject, min(*ends, now + _AGAIN_SECONDS) if ends else now + _REFUSED_SECONDS)


def _workload(chain: Chain, trust: Trust, now: float) -> tuple[str, float | None]:
    try:
        svid = x509_svid.read([link.public_bytes(Encoding.DER) for link in (chain.leaf, *chain.intermediates)])
        trust_domain = svid.spiffe_id.trust_domain
        x509_svid.verify(svid, TrustBundle(trust_domain, trust.bundles.get(trust_domain, ())), now)
    except SvidError:
        return "", None
    return svid.spiffe_id.text, svid.ends + 1
