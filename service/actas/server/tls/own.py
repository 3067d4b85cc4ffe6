"""The service's own key and certificate, from files or from the Workload API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import serialization

from actas.evidence.x509_chain import Certificates, read_certificates
from actas.server.followed import Followed
from actas.server.metrics import Metrics

_DER, _SPKI = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and the certificate chain for it, both PEM; one that do not fit cannot be built.

    Raises ValueError, with a sentence that holds nothing of the key.
    """

    key: bytes = field(repr=False)
    chain: bytes
    ends: float = field(init=False)
    """When the first certificate ends, in seconds since the epoch."""
    renewed_by: float = field(init=False)
    """When less than a tenth of its life is left: by then whoever renews it has done so."""

    def __post_init__(self) -> None:
        """Check that the key is that of the first certificate."""
        leaf = read_certificates(self.chain)[0]
        starts, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "renewed_by", ends - (ends - starts) / 10)
        try:
            private = serialization.load_pem_private_key(self.key, password=None)
        except (ValueError, TypeError):
            raise ValueError("the key is not an unencrypted PEM key") from None
        if private.public_key().public_bytes(_DER, _SPKI) != leaf.public_key().public_bytes(_DER, _SPKI):
            raise ValueError("the key is not that of the certificate")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the service shows of itself, and the bundles of trust domains that came with it."""

    pair: Pair
    bundles: Mapping[str, Certificates] = field(default_factory=dict)


class Identities(Protocol):
    """Where the service's identity comes from."""

    @property
    def problem(self) -> str:
        """Why the last change of it does not count; empty when everything is well."""

    def current(self) -> Identity:
        """Give it as it is now."""

    def close(self) -> None:
        """Stop following it."""


class FileIdentity:
    """A key and a certificate in two files."""

    def __init__(self, cert: Path, key: Path, metrics: Metrics) -> None:
        """Read them for the first time; raises ValueError and OSError."""
        self._files = Followed("tls_cert", (cert, key), lambda found: Identity(Pair(found[key], found[cert])), metrics)

    @property
    def problem(self) -> str:
        """Why what is in the files now does not count."""
        return self._files.problem

    def current(self) -> Identity:
        """Give what is in the files now, or was when it last made sense."""
        return self._files.current()

    def close(self) -> None:
        """Nothing is to be closed."""
