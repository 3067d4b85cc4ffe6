"""X.509 certificates, right ones and, where a test changes a member, wrong ones (X509-SVID, sections 2 to 4)."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trust_domain.keys import PrivateKey

LEAF_USAGE = frozenset({"digital_signature"})
CA_USAGE = frozenset({"key_cert_sign", "crl_sign"})
BOTH_WAYS = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """What a certificate says. Times are seconds from now; None leaves an extension out."""

    names: tuple[x509.GeneralName, ...]
    subject: str = "SPIRE"
    ca: bool | None = False
    path_length: int | None = None
    usage: frozenset[str] | None = LEAF_USAGE
    extended: tuple[x509.ObjectIdentifier, ...] | None = BOTH_WAYS
    starts: int = -60
    ends: int = 3600
    permitted: tuple[x509.GeneralName, ...] | None = None
    unknown_critical: bool = False


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate with its private key; `above` are the intermediates between it and its root."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    above: tuple[x509.Certificate, ...] = ()


def workload(uri: str) -> Form:
    """Give what the leaf of a workload says, as SPIRE writes it."""
    return Form((x509.UniformResourceIdentifier(uri),))


def authority(trust_domain: str, name: str) -> Form:
    """Give what a certificate authority of *trust_domain* says."""
    uri = x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")
    return Form((uri,), subject=name, ca=True, usage=CA_USAGE, extended=None, ends=24 * 3600)


def sign(form: Form, key: PrivateKey, issuer: Issuer | None, now: float) -> x509.Certificate:
    """Give the certificate of *key* as *issuer* signs it, or the key itself where there is none."""
    name = _name(form.subject)
    signer, above = (issuer.key, issuer.certificate) if issuer else (key, None)
    at = datetime.datetime.fromtimestamp(int(now), datetime.UTC)
    # Reproducible: a serial number is made from all that the certificate says.
    serial = int.from_bytes(hashlib.sha256(repr((form, at, _identifier(key).digest)).encode()).digest()[:16]) >> 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(above.subject if above else name)
        .public_key(key.public_key())
        .serial_number(serial or 1)
        .not_valid_before(at + datetime.timedelta(seconds=form.starts))
        .not_valid_after(at + datetime.timedelta(seconds=form.ends))
        .add_extension(_identifier(key), critical=False)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_identifier(issuer.key))
        builder = builder.add_extension(identifier, critical=False)
    builder = _extended(builder, form)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    deterministic = True if isinstance(signer, ec.EllipticCurvePrivateKey) else None
    return builder.sign(signer, algorithm, ecdsa_deterministic=deterministic)


def below(issuer: Issuer, form: Form, key: PrivateKey, now: float) -> Issuer:
    """Give the intermediate authority that *issuer* signs."""
    certificate = sign(form, key, issuer, now)
    return Issuer(certificate, key, (certificate, *issuer.above))


def _extended(builder: x509.CertificateBuilder, form: Form) -> x509.CertificateBuilder:
    if form.ca is not None:
        length = form.path_length if form.ca else None
        builder = builder.add_extension(x509.BasicConstraints(form.ca, length), critical=True)
    if form.usage is not None:
        usage = x509.KeyUsage(**{name: name in form.usage for name in _USAGES})
        builder = builder.add_extension(usage, critical=True)
    if form.extended is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(form.extended), critical=False)
    if form.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(form.names), critical=False)
    if form.permitted is not None:
        builder = builder.add_extension(x509.NameConstraints(form.permitted, None), critical=True)
    if form.unknown_critical:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        builder = builder.add_extension(extension, critical=True)
    return builder


def _identifier(key: PrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _name(common: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SPIRE")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])
