"""X509-SVIDs, read without trust and then verified with the roots of their own trust domain (X509-SVID, section 5).

A certificate is public. It shows whose key it is, and not that the one who sends it has that key.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
)
from joserfc.jwk import ECKey, RSAKey

from actas import spiffe
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem
from actas.spiffe import SpiffeId

_MOST_LINKS = 8
_ONE_SIGNER = 2  # links of a chain with one intermediate
_MAX_LINK_BYTES = 16 * 1024
_RSA_BITS = 2048
_BOTH_WAYS = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH})


@dataclass(frozen=True, slots=True)
class UnverifiedX509Svid:
    """What a certificate says, while nothing shows that it is true. Leaf first."""

    links: tuple[x509.Certificate, ...] = field(repr=False)
    spiffe_id: SpiffeId

    @property
    def ends(self) -> float:
        """When the leaf ends, in seconds since the epoch."""
        return self.links[0].not_valid_after_utc.timestamp()

    def thumbprint(self) -> str:
        """Name the leaf's key (RFC 7638); empty for a kind of key that has none here."""
        key = self.links[0].public_key()
        if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
            return ""
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        kind = ECKey if isinstance(key, EllipticCurvePublicKey) else RSAKey
        return kind.import_key(pem).thumbprint()


def read(chain: Sequence[bytes]) -> UnverifiedX509Svid:
    """Read a chain of DER certificates; raises SvidError when its leaf is none of a workload."""
    if not 0 < len(chain) <= _MOST_LINKS or any(len(link) > _MAX_LINK_BYTES for link in chain):
        raise SvidError(Problem.MALFORMED)
    try:
        links = tuple(map(x509.load_der_x509_certificate, chain))
        spiffe_id = _workload(links[0])
        for link in links[1:]:
            _check_signer(link)
        if len(links) > _ONE_SIGNER and len({signer_of(link) for link in links[1:]}) < len(links) - 1:
            raise SvidError(Problem.MALFORMED)
    except SvidError:
        raise
    except Exception:  # of a certificate in a form of its own, the library's parsers raise many things
        raise SvidError(Problem.MALFORMED) from None
    return UnverifiedX509Svid(links, spiffe_id)


def verify(unverified: UnverifiedX509Svid, bundle: TrustBundle, now: float) -> None:
    """See that the chain leads to a root of *bundle*, which is of the SVID's trust domain; raises SvidError."""
    if not bundle.roots:
        raise SvidError(Problem.KEY_UNKNOWN)
    at = datetime.datetime.fromtimestamp(now, datetime.UTC)
    leaf, *others = unverified.links
    if any(not link.not_valid_before_utc <= at <= link.not_valid_after_utc for link in unverified.links):
        raise SvidError(Problem.EXPIRED)
    verifier = (
        PolicyBuilder()
        .store(Store(list(bundle.roots)))
        .time(at)
        .max_chain_depth(_MOST_LINKS)
        .extension_policies(ca_policy=SIGNERS, ee_policy=_LEAVES)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, others)
    except Exception:  # no path; or of a certificate in a form of its own, whatever the parser raises
        raise SvidError(Problem.KEY_UNKNOWN) from None


def signer_of(link: x509.Certificate) -> tuple[bytes, bytes]:
    """Say as whom a certificate signs others: its name and its key.

    Of a chain in which two are the same signer every way through would be tried, and each costs a signature.
    """
    key = link.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return link.subject.public_bytes(), key


def _workload(leaf: x509.Certificate) -> SpiffeId:
    """X509-SVID, sections 2, 4 and 5.2: one URI, of a workload, on a certificate that signs no others."""
    extensions = leaf.extensions
    san = extensions.get_extension_for_class(x509.SubjectAlternativeName)
    uris = san.value.get_values_for_type(x509.UniformResourceIdentifier)
    named = spiffe.parse(uris[0]) if len(uris) == 1 else None
    if named is None or not named.is_workload or not (san.critical or list(leaf.subject)):
        raise SvidError(Problem.MALFORMED)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    allowed = usage.critical and usage.value.digital_signature
    if not allowed or usage.value.key_cert_sign or usage.value.crl_sign:
        raise SvidError(Problem.MALFORMED)
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise SvidError(Problem.MALFORMED)
    _check_purposes(extensions)
    key = leaf.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        raise SvidError(Problem.ALGORITHM)
    return named


def _check_purposes(extensions: x509.Extensions) -> None:
    """X509-SVID, section 4.4: where purposes are listed, both ends of TLS are among them."""
    try:
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not set(purposes) >= _BOTH_WAYS:
        raise SvidError(Problem.MALFORMED)


def _check_signer(link: x509.Certificate) -> None:
    """X509-SVID, sections 3.2 and 4.3: who signs others is no workload, and says that it signs."""
    usage = link.extensions.get_extension_for_class(x509.KeyUsage).value
    if not usage.key_cert_sign or not link.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise SvidError(Problem.MALFORMED)
    try:
        names = link.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for uri in names.get_values_for_type(x509.UniformResourceIdentifier):
        named = spiffe.parse(uri)
        if named is not None and named.is_workload:
            raise SvidError(Problem.MALFORMED)


def _signs(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    # A root of another PKI may come without a usage; one that has it must be a signer's.
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("signs no certificates")


SIGNERS = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs)
)
# What the leaf says has been checked when it was read.
_LEAVES = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
