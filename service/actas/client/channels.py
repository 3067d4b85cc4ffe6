"""Where a client's calls go: the target, how it is secured, and over how many connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import grpc
from grpc import aio

from actas.listener import Listener

# Connections are what the service's workers share out, so each channel must have one of its own.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))


@dataclass(frozen=True, slots=True)
class Target:
    """A running service and how to reach it.

    *address* is `HOST:PORT` or `unix:PATH`. *token* is the caller's bearer token, a secret. *ca* is the PEM text of
    the certificate authority to trust, by default the system's with *tls*. *insecure* allows what would show the
    token and forge the decision to everyone in between: a target beyond loopback without TLS.
    """

    address: str
    token: str = field(default="", repr=False)
    tls: bool = False
    ca: bytes | None = field(default=None, repr=False)
    insecure: bool = False

    def __post_init__(self) -> None:
        """Refuse an address that is none, or that plain text should not go to.

        Raises:
            ValueError: see the message.

        """
        listener = Listener.parse(self.address)
        if listener is None:
            raise ValueError("a target is HOST:PORT or unix:PATH")
        if not (self.secured or self.insecure or listener.local):
            raise ValueError(f"{self.address} is not on this machine: use TLS, or say insecure")

    @property
    def secured(self) -> bool:
        """Whether the connection uses TLS."""
        return self.tls or self.ca is not None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call (RFC 6750, section 2.1)."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def channels(self, count: int) -> Sequence[grpc.Channel]:
        """Open *count* connections for the synchronous client."""
        if self.secured:
            credentials = grpc.ssl_channel_credentials(self.ca)
            return [grpc.secure_channel(self.address, credentials, _OPTIONS) for _ in range(count)]
        return [grpc.insecure_channel(self.address, _OPTIONS) for _ in range(count)]

    def aio_channels(self, count: int) -> Sequence[aio.Channel]:
        """Open *count* connections for the asynchronous client, on the running loop."""
        if self.secured:
            credentials = grpc.ssl_channel_credentials(self.ca)
            return [aio.secure_channel(self.address, credentials, _OPTIONS) for _ in range(count)]
        return [aio.insecure_channel(self.address, _OPTIONS) for _ in range(count)]
