"""Addresses: what can be listened on, and what only this machine can reach."""

from __future__ import annotations

import pytest

from actas.listener import Listener, is_local_peer


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("127.0.0.1:50051", True),
        ("127.8.0.1:1", True),
        ("localhost:0", True),
        ("[::1]:50051", True),
        ("[::ffff:127.0.0.1]:1", True),
        ("unix:/run/actas.sock", True),
        ("unix:actas.sock", True),
        ("0.0.0.0:50051", False),
        ("[::]:50051", False),
        ("192.0.2.1:1", False),
        ("actas.example:50051", False),
        ("localhost.example:50051", False),
    ],
)
def test_an_address_knows_whether_it_leaves_the_machine(text: str, local: bool) -> None:
    """Only loopback and Unix sockets are local, and an address is written as it was read."""
    listener = Listener.parse(text)

    assert listener is not None
    assert (str(listener), listener.local) == (text, local)


@pytest.mark.parametrize(
    "value", ["", "50051", ":50051", "host:", "host:port", "host:65536", "::1:1", "unix:", "unix:" + "x" * 108, 50051]
)
def test_what_is_no_address_is_refused(value: object) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"HOST:PORT|brackets|bytes"):
        Listener.parse(value)


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("ipv4:127.0.0.1:5000", True),
        ("ipv6:%5B::1%5D:5000", True),
        ("ipv6:[::1]:5000", True),
        ("ipv6:%5B::ffff:127.0.0.1%5D:5000", True),
        ("unix:", True),
        ("unix:/run/actas.sock", True),
        ("ipv4:192.0.2.1:5000", False),
        ("ipv6:%5B2001:db8::1%5D:5000", False),
        ("ipv4:127.0.0.1.example:5000", False),
        ("vsock:1:2", False),
        ("", False),
    ],
)
def test_a_peer_is_local_only_when_it_is_known_to_be(peer: str, local: bool) -> None:
    """An address of an unknown kind is treated as remote."""
    assert is_local_peer(peer) is local
