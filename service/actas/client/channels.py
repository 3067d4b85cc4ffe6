"""Where a client's calls go: the target, how it is secured, and the connections to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import grpc
from grpc import aio

from actas.client.spread import Lane, Source
from actas.client.stubs import stub_of
from actas.listener import Listener

CONNECTIONS = 8
"""How many connections a client has unless told otherwise.

Eight reach both of two workers at once in 99 % of all cases. They are made as they are used, so one call makes one.
"""

C = TypeVar("C")

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

    def source(self) -> Source[grpc.Channel]:
        """Give what makes connections for the synchronous client."""
        return _Source(self.address, grpc.insecure_channel, self._secure(grpc.secure_channel))

    def aio_source(self) -> Source[aio.Channel]:
        """Give what makes connections for the asynchronous client, on the running loop."""
        return _Source(self.address, aio.insecure_channel, self._secure(aio.secure_channel))

    def _secure(self, secure_channel: Callable[..., C]) -> Callable[..., C] | None:
        if not self.secured:
            return None
        credentials = grpc.ssl_channel_credentials(self.ca)
        return lambda address, options: secure_channel(address, credentials, options=options)


class _Source(Generic[C]):
    """Makes connections to one target, all secured alike."""

    def __init__(self, address: str, plain: Callable[..., C], secured: Callable[..., C] | None) -> None:
        self._address = address
        self._socket = listener.path if (listener := Listener.parse(address)) is not None else None
        self._channel = secured or plain

    def address(self, turn: int) -> str:
        """Say where the connection number *turn* leads: a service of several workers has one Unix socket for each."""
        sockets = [] if self._socket is None else _numbered(self._socket)
        return f"unix:{sockets[turn % len(sockets)]}" if sockets else self._address

    def lane(self, turn: int) -> Lane[C]:
        """Make the connection number *turn*."""
        address = self.address(turn)
        channel = self._channel(address, options=_OPTIONS)
        return Lane(channel, stub_of(channel), turn=turn, address=address)


def _numbered(path: Path) -> list[Path]:
    """Give the sockets PATH.0, PATH.1 and so on that exist, in their order; none where PATH itself exists."""
    try:
        if path.exists():
            return []
        found = [beside for beside in path.parent.iterdir() if _number(beside, path) is not None and beside.is_socket()]
    except OSError:
        return []
    return sorted(found, key=lambda beside: _number(beside, path) or 0)


def _number(beside: Path, path: Path) -> int | None:
    digits = beside.name.removeprefix(f"{path.name}.")
    return int(digits) if digits != beside.name and digits.isascii() and digits.isdecimal() else None
