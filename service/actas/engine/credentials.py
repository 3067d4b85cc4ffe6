"""What lets one service and its own OPA trust each other, made anew for every start of OPA.

OPA gets a key, a certificate and a policy that admits the bearer of one token to the paths that the
service uses. The token itself is on no disk, in no argument and in no environment: OPA knows its
SHA-256. An open OPA on loopback would let any local process rewrite the policy, and whoever took
its port after a crash would collect the token and answer allow.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import os
import secrets
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = "127.0.0.1"
DECISION_PATH = "actas/decision/decision"
BATCH_PATH = "actas/batch/decisions"
TESTING_PATH = "actas/testing/decision"

# The key never outlives its process, so the certificate need not expire before it.
_VALIDITY = datetime.timedelta(days=3650)
_CLOCK_SLACK = datetime.timedelta(days=1)

_AUTHORIZATION = """package system.authz

default allow := false

allow if {
	input.method == "POST"
	input.path in data.system.actas.paths
	_bearer_is_the_service
}

allow if {
	input.method == "GET"
	input.path in [["health"], ["metrics"]]
	_bearer_is_the_service
}

_bearer_is_the_service if crypto.sha256(input.identity) == data.system.actas.token_sha256
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files for OPA (mode 0600, in a private directory), and what the client holds in memory."""

    certificate: Path
    key: Path
    authorization_bundle: Path
    tls: ssl.SSLContext
    token: str = field(repr=False)


def make_credentials(directory: Path, paths: tuple[str, ...]) -> Credentials:
    """Write a new certificate, key and authorization policy for *paths* into *directory*."""
    token = secrets.token_urlsafe(32)
    certificate, key = _self_signed()
    bundle = directory / "authz"
    policy = bundle / "system"
    policy.mkdir(mode=0o700, parents=True)
    rules = {
        "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
        "paths": [["v1", "data", *path.split("/")] for path in paths],
    }
    # A manifest whose root is `system`: a policy bundle that brings a `system.authz` of its own does not load.
    _write_private(bundle / ".manifest", json.dumps({"roots": ["system"]}).encode())
    _write_private(policy / "authz.rego", _AUTHORIZATION.encode())
    _write_private(policy / "data.json", json.dumps({"actas": rules}).encode())
    _write_private(directory / "cert.pem", certificate)
    _write_private(directory / "key.pem", key)
    return Credentials(
        certificate=directory / "cert.pem",
        key=directory / "key.pem",
        authorization_bundle=bundle,
        tls=_trust_only(certificate),
        token=token,
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _trust_only(certificate: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=certificate.decode())
    return context


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "actas-opa")])
    now = datetime.datetime.now(datetime.UTC)
    unused = ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    unused += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **dict.fromkeys(unused, False)), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private
