"""X.509 certificates in files and on connections, and whether a chain leads to an authority (RFC 5280, section 6).

X.509-SVIDs are verified in `svid`: they lead to the authorities of their own trust domain, and to no others.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from actas.evidence.svid.bundle import read_bundle
from actas.evidence.svid.x509_svid import SIGNERS, signer_of

MAX_BUNDLE_BYTES = 1 << 20
_MAX_CHAIN = 8
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

Certificates = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A certificate and the intermediate ones that came with it, none of them verified."""

    leaf: x509.Certificate
    intermediates: Certificates = ()


def read_certificates(pem: bytes) -> Certificates:
    """Read every certificate in *pem*; raises ValueError where there is none, or one cannot be read."""
    found = tuple(x509.load_pem_x509_certificate(block) for block in _PEM.findall(pem))
    if not found:
        raise ValueError("holds no PEM certificate")
    return found


def read_authorities(text: bytes) -> Certificates:
    """Read authorities from PEM, or from a SPIFFE bundle document (SPIFFE Trust Domain and Bundle, section 4).

    A bundle document without any is understood: nobody is of that trust domain any more (section 4.1.3).

    Raises:
        ValueError: a sentence; *text* is neither.

    """
    if not text.lstrip().startswith(b"{"):
        return read_certificates(text)
    return read_bundle("", text, max_bytes=MAX_BUNDLE_BYTES).roots


def chain_of(leaf_pem: bytes, others_pem: bytes) -> Chain:
    """Read what a peer presented, of each signer the first certificate.

    Raises ValueError when it is no certificate, or too much.
    """
    if others_pem.count(b"BEGIN CERTIFICATE") > _MAX_CHAIN:
        raise ValueError("the chain is too long")
    leaf = x509.load_pem_x509_certificate(leaf_pem)
    others = read_certificates(others_pem) if others_pem else ()
    first: dict[tuple[bytes, bytes], x509.Certificate] = {}
    try:
        for other in others:
            if other != leaf:
                first.setdefault(signer_of(other), other)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    return Chain(leaf, tuple(first.values()))


def verified_until(chain: Chain, authorities: Sequence[x509.Certificate], *, now: float) -> float | None:
    """Say until when *chain* leads to one of *authorities*, in seconds since the epoch; None when it does not now."""
    if not authorities or not _signs_for_a_client(chain.leaf):
        return None
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(authorities)))
        .time(datetime.datetime.fromtimestamp(now, datetime.UTC))
        # Authorities of a company follow few rules of the web; what the leaf may do is looked at here.
        .extension_policies(ca_policy=SIGNERS, ee_policy=verification.ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        found = verifier.verify(chain.leaf, list(chain.intermediates))
    except verification.VerificationError:
        return None
    # RFC 5280, section 4.1.2.5: the last second is part of it.
    return min(certificate.not_valid_after_utc.timestamp() for certificate in found.chain) + 1


def _signs_for_a_client(leaf: x509.Certificate) -> bool:
    """Whether it may stand for a client, and signs no certificates (RFC 5280, section 4.2.1)."""
    try:
        basic, usage = _extension(leaf, x509.BasicConstraints), _extension(leaf, x509.KeyUsage)
        purposes = _extension(leaf, x509.ExtendedKeyUsage)
    except ValueError:
        return False
    if basic is not None and basic.ca:
        return False
    if usage is not None and (not usage.digital_signature or usage.key_cert_sign or usage.crl_sign):
        return False
    return purposes is None or ExtendedKeyUsageOID.CLIENT_AUTH in purposes


def _extension(leaf: x509.Certificate, kind: type[Any]) -> Any:
    try:
        return leaf.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from None


def to_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """Write *certificates* one after the other."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
