"""Certificates in files, as an agent or a person puts them there, for a service and for those who call it."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from actas.client import Target
from trust_domain.authority import TrustDomain, X509Svid

ACTAS, STS = "/actas", "/sts"


class Domain(TrustDomain):
    """A trust domain whose service `/actas` has the names of this machine as well, as `spire-server -dns` gives it."""

    def x509_svid(self, path: str, **changed: Any) -> X509Svid:
        """Give the X509-SVID of the workload at *path*."""
        if path == ACTAS and "names" not in changed:
            names = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
            changed["names"] = (x509.UniformResourceIdentifier(self.spiffe_id(path)), *names)
        return super().x509_svid(path, **changed)


def put(path: Path, content: bytes) -> Path:
    """Write *path* in one step, as whoever rotates a file does."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)
    return path


class Party:
    """One side of a connection: its certificate chain and its key in files below *folder*."""

    def __init__(self, folder: Path, name: str, svid: X509Svid) -> None:
        """Write the first pair."""
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.renew(svid)

    def renew(self, svid: X509Svid) -> None:
        """Replace the pair, the certificate first: in between the two do not fit."""
        put(self.cert, chain_pem(svid))
        put(self.key, key_pem(svid))

    def target(self, address: str, ca: Path, **more: Any) -> Target:
        """Say how this party reaches the service at *address*."""
        return Target(address, ca_file=ca, cert_file=self.cert, key_file=self.key, **more)


def chain_pem(svid: X509Svid) -> bytes:
    """Give the chain of *svid* as PEM."""
    return b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in svid.chain)


def key_pem(svid: X509Svid) -> bytes:
    """Give the key of *svid* as PEM."""
    return load_der_private_key(svid.key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def roots_pem(domain: TrustDomain) -> bytes:
    """Give the authorities of *domain* as PEM."""
    return b"".join(root.certificate.public_bytes(Encoding.PEM) for root in domain.roots)


def shown_by(address: str, party: Party, ca: Path) -> x509.Certificate:
    """Give the certificate that the service at *address* shows to *party* now."""
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(party.cert, party.key)
    host, _, port = address.rpartition(":")
    with (
        socket.create_connection((host, int(port)), 5) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        der = tls.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)
