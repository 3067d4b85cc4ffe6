"""An address that the service listens on, and whether only this machine can reach it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

# sockaddr_un has 108 bytes, one of them for the closing zero (unix(7)).
MAX_UNIX_PATH = 107
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Listener:
    """`unix:PATH` or `HOST:PORT`; exactly one of *path* and *host* is set. IPv6 hosts are kept without brackets."""

    path: Path | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, value: object) -> Listener | None:
        """Read an address as the command line and `actas.toml` write it; an empty one is None.

        Raises:
            ValueError: it is neither `unix:PATH` nor `HOST:PORT`.

        """
        if value is None or isinstance(value, Listener):
            return value
        if not isinstance(value, str):
            raise ValueError("must be a string, HOST:PORT or unix:PATH")  # noqa: TRY004 - ValueError names the key
        if value.startswith("unix:"):
            return cls(path=_unix_path(value.removeprefix("unix:")))
        host, colon, port = value.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdecimal() or int(port) > _MAX_PORT:
            raise ValueError(f"'{value}' is neither HOST:PORT nor unix:PATH")
        bare = host.removeprefix("[").removesuffix("]")
        if ":" in bare and bare == host:
            raise ValueError(f"'{value}': an IPv6 address stands in brackets, [{host}]:{port}")
        return cls(host=bare, port=int(port))

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.path is not None or self.host == "localhost" or _is_loopback(self.host)

    def of_worker(self, number: int) -> Listener:
        """Give the same for worker *number*: a Unix socket has one path for each, a port is shared."""
        return self if self.path is None else Listener(path=self.path.with_name(f"{self.path.name}.{number}"))

    def __str__(self) -> str:
        """Write it as gRPC takes it."""
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_local_peer(peer: str) -> bool:
    """Whether *peer*, as gRPC names it (`ipv4:127.0.0.1:5000`, `ipv6:%5B::1%5D:5000`, `unix:`), is on this machine."""
    kind, _, address = peer.partition(":")
    if kind == "unix":
        return True
    if kind not in {"ipv4", "ipv6"}:
        return False
    host = address.rpartition(":")[0].replace("%5B", "").replace("%5D", "")
    return _is_loopback(host.removeprefix("[").removesuffix("]"))


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Written out because Python before 3.13 does not look inside ::ffff:127.0.0.1.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _unix_path(text: str) -> Path:
    # gRPC's name syntax also knows unix:///PATH.
    path = text.removeprefix("//")
    if not path or len(path.encode()) > MAX_UNIX_PATH:
        raise ValueError(f"a socket's path has 1 to {MAX_UNIX_PATH} bytes")
    return Path(path)
