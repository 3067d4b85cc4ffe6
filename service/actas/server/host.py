"""The gRPC server itself: listeners, TLS, limits of the transport, health, reflection, graceful stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2
from grpc_reflection.v1alpha import reflection

from actas.config import Config
from actas.errors import ConfigError
from actas.listener import Listener
from actas.server.callers import Callers
from actas.server.health import Health
from actas.server.interceptors import Door, ReflectionInterceptor
from actas.server.ledger import Ledger
from actas.server.metrics import Metrics
from actas.server.place import ALONE, Place
from actas.server.tls.security import Security

# The servicer refuses what is over the limit and names it. gRPC's own limit only bounds what is read into memory
# before that; its answer has no details.
_TRANSPORT_SLACK = 4
# A handshake takes milliseconds. A client that asks less often than that connects anew, which takes milliseconds too.
_HANDSHAKE_SECONDS, _IDLE_SECONDS, _KEEPALIVE_SECONDS = 10, 120, 30
# Calls under way on one connection, of which more wait, and connections to one listener of one process, of which more
# are closed.
_STREAMS, _CONNECTIONS = 256, 4096
# How long a stop waits for a moment in which no call begins, and what counts as one.
_QUIET_SECONDS, _LOOK_SECONDS, _QUIET_LOOKS = 1.0, 0.02, 5
_SERVING, _NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


class Host:
    """One gRPC server; its first service is not serving, for health checks, until it is told so.

    The others do not need what the first one waits for: what is revoked must reach a service that cannot decide.
    """

    def __init__(
        self,
        config: Config,
        services: Mapping[str, grpc.GenericRpcHandler[Any, Any]],
        metrics: Metrics,
        around: Sequence[aio.ServerInterceptor[Any, Any]] = (),
        place: Place = ALONE,
        security: Security | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """Prepare to serve *services*, handlers by full name; *around* come before our own interceptors.

        *security* is TLS, without which TCP listeners speak plain text; *ledger* counts what callers use.
        """
        self._config = config
        self._security = security
        self._decides, *self._others = services
        self._health = Health()
        if config.secured and security is None:
            raise ConfigError("tls_cert", "TLS is configured, and this server was to speak plain text")
        peers = security.peers if security is not None and security.mutual else None
        known = Callers(config.callers, metrics, peers=peers, ledger=ledger)
        self._door = Door(tuple(services.values()), known, metrics, place.trailer)
        guards = [ReflectionInterceptor(known)] if config.reflection else []
        self._server = aio.server(interceptors=[*around, *guards], options=_options(config, place))
        self._server.add_generic_rpc_handlers((self._door, self._health.handler()))
        if config.reflection:
            names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)

    async def start(self) -> tuple[Listener, ...]:
        """Listen, and return the addresses with the ports that were really taken.

        Raises:
            ConfigError: an address cannot be had.

        """
        await self.serving(False)
        for name in self._others:
            await self._health.set(name, _SERVING)
        bound = tuple(self._bind(listener) for listener in self._config.listen)
        await self._server.start()
        return bound

    async def serving(self, able: bool) -> None:
        """Tell health checks whether decisions can be made."""
        for name in ("", self._decides):
            await self._health.set(name, _SERVING if able else _NOT_SERVING)

    async def stop(self) -> None:
        """Refuse new calls, finish those in flight within the configured grace, then close."""
        await self._health.enter_graceful_shutdown()
        await self._quiet()
        await self._server.stop(self._config.grace)

    async def _quiet(self) -> None:
        """Wait until no more calls begin: grpc.aio cancels those that it has received and not yet begun."""
        end = time.monotonic() + min(_QUIET_SECONDS, self._config.grace)
        quiet, begun = 0, self._door.begun
        while quiet < _QUIET_LOOKS and time.monotonic() < end:
            await asyncio.sleep(_LOOK_SECONDS)
            quiet = quiet + 1 if self._door.begun == begun else 0
            begun = self._door.begun

    def _bind(self, listener: Listener) -> Listener:
        try:
            if self._security is None or listener.path is not None:
                port = self._server.add_insecure_port(str(listener))
            else:
                port = self._server.add_secure_port(str(listener), self._security.credentials())
        except (RuntimeError, OSError):
            raise ConfigError("listen", f"{listener}: cannot listen there; is the address taken?") from None
        return listener if listener.path is not None else replace(listener, port=port)


def _options(config: Config, place: Place) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.limits.message_bytes * _TRANSPORT_SLACK),
        # Whoever connects and says nothing, or speaks ever so slowly, is gone after these.
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_SECONDS * 1000),
        ("grpc.max_connection_idle_ms", _IDLE_SECONDS * 1000),
        ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.max_concurrent_streams", _STREAMS),
        ("grpc.max_allowed_incoming_connections", _CONNECTIONS),
        ("grpc.max_connection_age_ms", int(config.max_connection_age * 1000)),
        ("grpc.max_connection_age_grace_ms", int(config.grace * 1000)),
        # Sharing a port silently would let another process take half of the calls. Workers share one that their
        # supervisor has taken before.
        ("grpc.so_reuseport", int(place.shared)),
    ]
