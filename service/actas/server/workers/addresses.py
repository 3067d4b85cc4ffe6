"""The addresses that all workers share: ports that are taken for them, and a Unix socket for each."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from actas.errors import ConfigError
from actas.listener import Listener


class Addresses:
    """The addresses of one service, taken as long as the context lasts.

    A port is bound here and nobody listens with that socket: it keeps the port while no worker does, and a port 0
    has a number before the workers start. Workers join it with SO_REUSEPORT, which the kernel lets only processes of
    the same user do; no `actas serve` joins the port of another one.
    """

    def __init__(self, wanted: Iterable[Listener]) -> None:
        """Take *wanted*; raises ConfigError for the first that cannot be had."""
        self._held: list[socket.socket] = []
        self._opened: set[Path] = set()
        try:
            self.listeners = tuple(self._taken(listener) for listener in wanted)
        except BaseException:
            self.release()
            raise

    def of_all(self, workers: int) -> list[Listener]:
        """Give every address that clients can use."""
        return [
            there for listener in self.listeners for there in dict.fromkeys(map(listener.of_worker, range(workers)))
        ]

    def of_worker(self, number: int, generation: int) -> tuple[Listener, ...]:
        """Give where worker *number* is to listen; a Unix socket has another name until it is `opened`."""
        return tuple(
            there if there.path is None else Listener(path=_coming(there.path, generation))
            for there in (listener.of_worker(number) for listener in self.listeners)
        )

    def opened(self, number: int, generation: int) -> None:
        """Let clients find the Unix sockets on which worker *number* listens now.

        gRPC deletes a path when it stops listening there: under its own name it would delete its successor's.
        """
        for listener in self._unix():
            there = listener.of_worker(number)
            if there.path is not None:
                _coming(there.path, generation).replace(there.path)
                self._opened.add(there.path)

    def release(self) -> None:
        """Give the ports back and delete the Unix sockets that were opened."""
        for held in self._held:
            held.close()
        for path in self._opened:
            path.unlink(missing_ok=True)

    def _unix(self) -> Sequence[Listener]:
        return [listener for listener in self.listeners if listener.path is not None]

    def _taken(self, listener: Listener) -> Listener:
        if listener.path is not None:
            return listener
        try:
            found = _resolved(listener)
            port = listener.port
            for family, host in found:
                port = self._take(family, host, port)
        except OSError:
            raise ConfigError("listen", f"{listener}: cannot listen there; is the address taken?") from None
        return replace(listener, port=port)

    def _take(self, family: socket.AddressFamily, host: str, port: int) -> int:
        taken = socket.socket(family, socket.SOCK_STREAM)
        self._held.append(taken)
        if family is socket.AF_INET6:
            # As gRPC does, which listens for both kinds of addresses on the wildcard.
            taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Connections of a service that ended a moment ago do not keep the port from us.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        number: int = taken.getsockname()[1]
        # Before its workers listen, a port that is bound like this can be bound like this once more. A name of the
        # kernel's, which ends with the process, is what two supervisors cannot both have.
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._held.append(lock)
        lock.bind(f"\0actas/{family.name}/{host}/{number}".encode())
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return number


def _resolved(listener: Listener) -> list[tuple[socket.AddressFamily, str]]:
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(listener.host).is_unspecified:
            return [_wildcard()]
    found = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _wildcard() -> tuple[socket.AddressFamily, str]:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return socket.AF_INET, "0.0.0.0"  # noqa: S104 - what was asked for, on a machine without IPv6
    return socket.AF_INET6, "::"


def _coming(path: Path, generation: int) -> Path:
    return path.with_name(f"{path.name}~{generation}")
