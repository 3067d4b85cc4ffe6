"""Who may revoke and take back."""

from __future__ import annotations

from typing import Any

import pytest

from actas.errors import ProtocolError, Status
from actas.limits import RequestLimits
from actas.server import callers
from actas.server.callers import UNNAMED, CallerIdentity
from actas.server.doorway import Doorway
from actas.server.revocation_service import RevocationServicer

HERE, ELSEWHERE = "ipv4:127.0.0.1:50000", "ipv4:192.0.2.1:50000"
STS = CallerIdentity("sts", True, frozenset({"https://as.example.com"}))
ADMIN = CallerIdentity("admin", True, permissions=frozenset({"revoke"}))


class Call:
    """A call from a peer."""

    def __init__(self, peer: str) -> None:
        """Choose where it comes from."""
        self._peer = peer

    def peer(self) -> str:
        """Say where it comes from."""
        return self._peer


@pytest.mark.parametrize("method", ["revoke", "restore", "list_revocations", "receive_security_event"])
@pytest.mark.parametrize(
    ("caller", "peer", "may"),
    [
        (ADMIN, ELSEWHERE, True),
        (STS, ELSEWHERE, False),
        (STS, HERE, False),
        (UNNAMED, HERE, True),
        (UNNAMED, ELSEWHERE, False),
    ],
)
async def test_a_permission_is_needed_to_revoke_and_to_take_back(
    method: str, caller: CallerIdentity, peer: str, may: bool
) -> None:
    """One that may only ask for decisions takes no revocation back, not even from the same machine."""
    nothing: Any = None
    servicer = RevocationServicer(
        nothing, nothing, Doorway(RequestLimits(), 1.0, 1.0), data=lambda: None, audience="actas"
    )
    callers.current.set(caller)

    # What is broken is read only for those who may.
    with pytest.raises(ProtocolError) as refused:
        await getattr(servicer, method)(b"\xff", Call(peer))
    assert (refused.value.status is Status.PERMISSION_DENIED) is not may
