"""The ports that a supervisor takes for its workers."""

from __future__ import annotations

import socket

import pytest

from actas.errors import ConfigError
from actas.listener import Listener
from actas.server.workers.addresses import Addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", "::1"])
def test_a_port_is_taken_before_anybody_listens(host: str) -> None:
    """A second supervisor fails at once, and so does whoever does not share; a port 0 has its number."""
    first = Addresses([Listener(host=host)])
    try:
        port = first.listeners[0].port
        assert port
        with pytest.raises(ConfigError, match="cannot listen there; is the address taken"):
            Addresses([Listener(host=host, port=port)])
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port)) if host != "::1" else _bind_v6(port)
    finally:
        first.release()
    Addresses([Listener(host=host, port=port)]).release()


def test_a_port_that_is_listened_on_is_not_taken() -> None:
    """Not even from somebody who would share it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigError, match="cannot listen there"):
            Addresses([Listener(host="127.0.0.1", port=other.getsockname()[1])])


def test_connections_that_just_ended_do_not_keep_a_port() -> None:
    """A service can be started again at once on its port."""
    with socket.socket() as served:
        served.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        served.bind(("127.0.0.1", 0))
        served.listen()
        port = served.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            # Whoever closes first waits; here that is the server.
            served.accept()[0].close()
            assert caller.recv(1) == b""
    Addresses([Listener(host="127.0.0.1", port=port)]).release()


def _bind_v6(port: int) -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", port))
