"""The client of the kill switch: revokes, restores and lists at a running service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actas.admin.v1 import revocation_pb2, revocation_pb2_grpc
from actas.admin_wire.revocation import (
    active_from_proto,
    live_from_proto,
    revocation_from_proto,
    revocation_to_proto,
)
from actas.client.admin_client import AdminClient
from actas.receipts.delegations import LiveDelegation

Entry = Mapping[str, Any]
_PAGE = 1000


class RevocationClient(AdminClient):
    """Asks `actas.admin.v1.RevocationService`; every method raises ProtocolError or EngineError."""

    STUB = revocation_pb2_grpc.RevocationServiceStub

    def revoke(self, entries: Sequence[Entry]) -> int:
        """Revoke *entries*, all or none, and give the version of the state that has them."""
        asked = revocation_pb2.RevokeRequest(revocations=map(revocation_to_proto, entries))
        return int(self._call("Revoke", asked).version)

    def would_cut(self, entries: Sequence[Entry]) -> tuple[list[LiveDelegation], bool]:
        """Give the live delegations that *entries* would cut, and whether there may be more; changes nothing."""
        asked = revocation_pb2.RevokeRequest(revocations=map(revocation_to_proto, entries), dry_run=True)
        answer = self._call("Revoke", asked)
        return [live_from_proto(one) for one in answer.delegations], bool(answer.truncated)

    def restore(self, entries: Sequence[Entry], *, reason: str = "") -> tuple[int, list[dict[str, Any]]]:
        """Take back whatever has the members of *entries*; gives the version without them, and what they were."""
        asked = revocation_pb2.RestoreRequest(revocations=map(revocation_to_proto, entries), reason=reason)
        answer = self._call("Restore", asked)
        return int(answer.version), [revocation_from_proto(entry, "restored") for entry in answer.restored]

    def in_force(self, kind: str = "") -> list[dict[str, Any]]:
        """Give what is revoked, oldest first: each entry with its `version`, `recorded_at` and `recorded_by`."""
        found, token = [], None
        while token != "":
            asked = revocation_pb2.ListRevocationsRequest(kind=kind, page_size=_PAGE, page_token=token)
            answer = self._call("ListRevocations", asked)
            found += [active_from_proto(active) for active in answer.revocations]
            token = answer.next_page_token
        return found

    def receive(self, security_event_token: str) -> tuple[int, list[dict[str, Any]]]:
        """Hand on a signed security event; gives the version that has it, and what it revoked: nothing, if known."""
        asked = revocation_pb2.ReceiveSecurityEventRequest(security_event_token=security_event_token)
        answer = self._call("ReceiveSecurityEvent", asked)
        return int(answer.version), [revocation_from_proto(entry, "revocations") for entry in answer.revocations]
