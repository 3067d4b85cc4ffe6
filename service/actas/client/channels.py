"""Where a client's calls go: the target, how it is secured, and the connections to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
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

_OPTIONS = (
    # Connections are what the service's workers share out, so each channel must have one of its own.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    # No variable such as http_proxy sends what was to stay on this machine, token and claims in plain text, elsewhere.
    ("grpc.enable_http_proxy", 0),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A running service and how to reach it.

    *address* is `HOST:PORT` or `unix:PATH`. *token* is the caller's bearer token, a secret. *ca* is the PEM text of
    the certificate authority to trust, or *ca_file* holds it; by default the system's with *tls*. *cert_file* and
    *key_file* hold the caller's own certificate chain and its key, for mutual TLS. Files are read for each new
    connection, so a certificate that is rotated in them is followed. *server_name* is the name that the service's
    certificate must have, where that is not the address. *insecure* allows what would show the token and forge the
    decision to everyone in between: a target beyond loopback without TLS.
    """

    address: str
    token: str = field(default="", repr=False)
    tls: bool = False
    ca: bytes | None = field(default=None, repr=False)
    insecure: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""

    def __post_init__(self) -> None:
        """Refuse an address that is none, or that plain text should not go to, and what contradicts itself.

        Raises:
            ValueError: see the message.

        """
        listener = Listener.parse(self.address)
        if listener is None:
            raise ValueError("a target is HOST:PORT or unix:PATH")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file come together")
        if self.ca is not None and self.ca_file is not None:
            raise ValueError("give ca or ca_file, not both")
        if self.cert_file is not None and listener.path is not None:
            raise ValueError("a Unix socket is plain: a certificate is for HOST:PORT")
        if not (self.secured or self.insecure or listener.local):
            raise ValueError(f"{self.address} is not on this machine: use TLS, or say insecure")

    @property
    def secured(self) -> bool:
        """Whether the connection uses TLS."""
        return self.tls or any(given is not None for given in (self.ca, self.ca_file, self.cert_file))

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes with every call (RFC 6750, section 2.1)."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def source(self) -> Source[grpc.Channel]:
        """Give what makes connections for the synchronous client."""
        return _Source(self, grpc.insecure_channel, grpc.secure_channel)

    def aio_source(self) -> Source[aio.Channel]:
        """Give what makes connections for the asynchronous client, on the running loop."""
        return _Source(self, aio.insecure_channel, aio.secure_channel)

    def files(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Read authorities, key and certificate chain as they are now; raises OSError."""
        ca, key, cert = (None if path is None else path.read_bytes() for path in self._paths)
        return self.ca if ca is None else ca, key, cert

    def files_state(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Say which versions of the files there are now, without reading them."""
        return tuple(map(_version, filter(None, self._paths)))

    @property
    def _paths(self) -> tuple[Path | None, Path | None, Path | None]:
        return self.ca_file, self.key_file, self.cert_file


class _Source(Generic[C]):
    """Makes connections to one target, all secured alike."""

    def __init__(self, target: Target, plain: Callable[..., C], secured: Callable[..., C]) -> None:
        self._target = target
        self._socket = listener.path if (listener := Listener.parse(target.address)) is not None else None
        self._plain, self._secured = plain, secured
        self._lock = Lock()
        self._state: object = None
        self._credentials: grpc.ChannelCredentials | None = None
        # What cannot be read is said at once, and not by the first call.
        self._options: tuple[tuple[str, int | str], ...] = _OPTIONS
        if target.secured:
            self._secure()
            if target.server_name:
                self._options = (*_OPTIONS, ("grpc.ssl_target_name_override", target.server_name))

    def address(self, turn: int) -> str:
        """Say where the connection number *turn* leads: a service of several workers has one Unix socket for each."""
        sockets = [] if self._socket is None else _numbered(self._socket)
        return f"unix:{sockets[turn % len(sockets)]}" if sockets else self._target.address

    def outdated(self, lane: Lane[C]) -> bool:
        """Whether a connection that is made now in its place would lead elsewhere, or show another certificate."""
        return self.address(lane.turn) != lane.address or self._target.files_state() != lane.made_with

    def lane(self, turn: int) -> Lane[C]:
        """Make the connection number *turn*."""
        address = self.address(turn)
        if self._target.secured:
            credentials, state = self._secure()
            channel = self._secured(address, credentials, options=self._options)
        else:
            channel, state = self._plain(address, options=self._options), ()
        stub = stub_of(channel)
        return Lane(channel, stub, turn=turn, address=address, made_with=state)

    def _secure(self) -> tuple[grpc.ChannelCredentials, object]:
        """Give credentials of what is in the files now; while they make no sense, what they were."""
        with self._lock:
            state: object = self._target.files_state()
            if self._credentials is None or state != self._state:
                try:
                    ca, key, cert = self._target.files()
                    made = grpc.ssl_channel_credentials(ca, key, cert)
                except OSError:
                    if self._credentials is None:
                        raise
                    return self._credentials, self._state
                self._credentials, self._state = made, state
            return self._credentials, self._state


def _numbered(path: Path) -> list[Path]:
    """Give the sockets PATH.0, PATH.1 and so on that exist, in their order; none where PATH itself exists.

    All are of one user: in a directory such as /tmp others could add theirs, and would get calls and decide them.
    """
    try:
        if path.exists():
            return []
        found = [beside for beside in path.parent.iterdir() if _number(beside, path) is not None and beside.is_socket()]
        found.sort(key=lambda beside: _number(beside, path) or 0)
        return [beside for beside in found if beside.stat().st_uid == found[0].stat().st_uid]
    except OSError:
        return []


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _number(beside: Path, path: Path) -> int | None:
    digits = beside.name.removeprefix(f"{path.name}.")
    return int(digits) if digits != beside.name and digits.isascii() and digits.isdecimal() else None
