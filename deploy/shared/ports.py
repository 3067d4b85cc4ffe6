"""Ports for servers of the demonstrations and the tests."""

from __future__ import annotations

import secrets
import socket

# Below those that the kernel gives to whoever asks for any, as clients and other tests do all the time, while a server
# such as Keycloak takes its own ten seconds after it was chosen.
_PORTS = range(10_000, 32_768)


def free_port() -> int:
    """Give a port of the loopback interface that nobody has, and that nobody gets by chance before it is used."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
