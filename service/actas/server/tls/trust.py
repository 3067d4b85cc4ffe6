"""Whose certificates callers may present: ordinary authorities, and the bundle of each trust domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from actas.config import Config
from actas.evidence.x509_chain import Certificates, read_authorities, read_certificates, to_pem
from actas.server.followed import Followed
from actas.server.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Trust:
    """Authorities at one moment. Those of one trust domain say nothing about another one."""

    client: Certificates = ()
    bundles: Mapping[str, Certificates] = field(default_factory=dict)

    def pem(self) -> bytes:
        """Give all of them together, which is what a handshake can ask for; it is never enough to know a caller."""
        return to_pem(tuple(dict.fromkeys(chain(self.client, *self.bundles.values()))))


class TrustFiles:
    """The authorities that the configuration names."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        """Read all files for the first time; raises ValueError and OSError."""
        self.asked_for = bool(config.tls_client_ca or config.tls_spiffe_bundles)
        """Whether any are named."""
        self._client = (
            Followed("tls_client_ca", config.tls_client_ca, _pooled, metrics) if config.tls_client_ca else None
        )
        self._bundles = {
            domain: Followed(f"tls_spiffe_bundles.{domain}", (path,), _only, metrics)
            for domain, path in config.tls_spiffe_bundles.items()
        }

    @property
    def problem(self) -> str:
        """Why the last change of a file does not count."""
        followed = [*([self._client] if self._client else []), *self._bundles.values()]
        return next((files.problem for files in followed if files.problem), "")

    def current(self) -> Trust:
        """Give what the files hold now, or held when they last made sense."""
        client = self._client.current() if self._client is not None else ()
        return Trust(client, {domain: files.current() for domain, files in self._bundles.items()})


def _pooled(found: Mapping[Path, bytes]) -> Certificates:
    return tuple(chain.from_iterable(map(read_certificates, found.values())))


def _only(found: Mapping[Path, bytes]) -> Certificates:
    return read_authorities(*found.values())
