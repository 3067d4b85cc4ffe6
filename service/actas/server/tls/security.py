"""TLS of the service as it is now: every handshake is made with the certificate and the authorities of this moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

import grpc

from actas.config import Config
from actas.errors import ConfigError
from actas.server.metrics import Metrics
from actas.server.tls.own import FileIdentity, Identities, Pair
from actas.server.tls.peers import Peers
from actas.server.tls.trust import Trust, TrustFiles
from actas.server.tls.workload import FIRST_SECONDS, WorkloadIdentity
from actas.timestamps import render

# How long authorities that were dropped may go on being trusted where nobody connects anew.
_FOLLOW_SECONDS = 0.5


class Security:
    """The service's certificate, whose certificates it accepts, and who presented which. Made by `open_security`."""

    def __init__(self, identity: Identities, files: TrustFiles, *, mutual: bool) -> None:
        """Follow *identity* and the authorities in *files*; *mutual* says that callers must show a certificate."""
        self._identity = identity
        self._files = files
        self._lock = Lock()
        self._trust = Trust()
        self.mutual = mutual
        self.peers = Peers(lambda: self._trust)
        self._now()

    @property
    def problem(self) -> str:
        """Why something that changed does not count yet, or must change soon; empty when everything is well."""
        pair = self._identity.current().pair
        late = f"the certificate ends at {render(pair.ends)}" if time.time() >= pair.renewed_by else ""
        return self._identity.problem or self._files.problem or late

    def credentials(self) -> grpc.ServerCredentials:
        """Give what one listener needs: gRPC asks before each handshake whether something has changed."""
        told: list[tuple[Pair, Trust]] = []

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            now = self._now()
            if told == [now]:
                return None
            told[:] = [now]
            return self._configuration(*now)

        first = self._now()
        told.append(first)
        # None means that nothing has changed, which the published types do not say.
        asked: Callable[[], Any] = fetch
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(*first), asked, require_client_authentication=self.mutual
        )

    async def follow(self) -> None:
        """Notice what changes also while nobody connects."""
        while True:
            await asyncio.sleep(_FOLLOW_SECONDS)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Notice what has changed."""
        self._now()

    def close(self) -> None:
        """Stop following the identity."""
        self._identity.close()

    def _now(self) -> tuple[Pair, Trust]:
        with self._lock:
            identity, files = self._identity.current(), self._files.current()
            # What the configuration names wins over what the Workload API says of the same trust domain.
            trust = Trust(files.client, {**identity.bundles, **files.bundles})
            if trust != self._trust:
                self._trust = trust
            return identity.pair, self._trust

    def _configuration(self, pair: Pair, trust: Trust) -> grpc.ServerCertificateConfiguration:
        # Without any authority nobody can be known, and gRPC lets nobody in; an empty text it would not read.
        authorities = (trust.pem() or None) if self.mutual else None
        return grpc.ssl_server_certificate_configuration([(pair.key, pair.chain)], authorities)


def open_security(config: Config, metrics: Metrics, *, wait: float = FIRST_SECONDS) -> Security | None:
    """Prepare TLS as *config* says; None where nothing is said. Not on the loop: it *wait*s for the Workload API.

    Raises:
        ConfigError: what it needs cannot be had or makes no sense.

    """
    if not config.secured:
        return None
    try:
        files = TrustFiles(config, metrics)
    except (OSError, ValueError) as error:
        raise ConfigError("tls_client_ca", str(error)) from None
    identity: Identities
    if config.tls_workload_api is not None:
        identity = WorkloadIdentity.wait(config.tls_workload_api, metrics, seconds=wait)
    else:
        assert config.tls_cert is not None  # noqa: S101 - for the types: a configuration has both or neither
        assert config.tls_key is not None  # noqa: S101 - the same
        try:
            identity = FileIdentity(config.tls_cert, config.tls_key, metrics)
        except (OSError, ValueError) as error:
            raise ConfigError("tls_cert", str(error)) from None
    return Security(identity, files, mutual=config.mutual)
