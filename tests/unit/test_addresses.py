"""Which addresses may be connected to, whatever a name resolves to."""

from __future__ import annotations

import pytest

from actas.evidence.fetch import is_allowed

PUBLIC = ("93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1")
PRIVATE = (
    "10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "127.8.8.8", "::1", "fd00::1", "fc00::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
)  # fmt: skip
# Also those that hold another address, behind which anything may be.
NEVER = (
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a00:1::1", "2001::1", "100.64.0.1",
    "fec0::1", "feff::1", "::7f00:1", "::a9fe:a9fe", "::ffff:0:7f00:1", "4000::1", "5f00::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    """Listed or not."""
    assert is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_allowed_where_its_host_is_listed(address: str) -> None:
    """Loopback and the networks of an organisation."""
    assert not is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_an_address_of_the_link_or_of_a_tunnel_is_never_allowed(address: str) -> None:
    """The metadata of a cloud is at one of them."""
    assert not is_allowed(address, private=False)
    assert not is_allowed(address, private=True)
