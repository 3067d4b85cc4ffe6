"""Limits on the size of a request, checked before anything is evaluated (contract.md, section 1)."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass

from actas.errors import ProtocolError, Status
from actas.request import ExchangeRequest, JsonText

KIB = 1024


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The most that one request may hold. Sizes are bytes of UTF-8, the others are counts."""

    message_bytes: int = 256 * KIB
    claims_bytes: int = 64 * KIB
    token_bytes: int = 96 * KIB
    nesting: int = 64
    scopes: int = 100
    targets: int = 10
    authorization_details: int = 50
    approvals: int = 50
    approval_jws_bytes: int = 16 * KIB
    consents: int = 50
    batch: int = 100
    request_id: int = 128

    def check(self, request: ExchangeRequest) -> None:
        """Raise ProtocolError naming the first field that holds more than it may.

        The sizes of texts and their nesting have been checked where they were parsed.
        """
        if len(request.request_id) > self.request_id:
            raise _exceeded("request_id", f"longer than {self.request_id} characters")
        # A scope of N tokens has at least N-1 spaces; splitting it to count would be paid on every request.
        if request.scope.count(" ") >= self.scopes and len(request.scope.split()) > self.scopes:
            raise _exceeded("scope", f"more than {self.scopes} scopes")
        if len(request.resource) + len(request.audience) > self.targets:
            name = "resource" if len(request.resource) > self.targets else "audience"
            raise _exceeded(name, f"more than {self.targets} targets")
        for name, token in (("subject_token", request.subject_token), ("actor_token", request.actor_token)):
            # A raw token is ASCII; what is not is refused anyway.
            if token is not None and len(token.unverified_token) > self.token_bytes:
                raise _exceeded(f"{name}.unverified_token", f"larger than {self.token_bytes} bytes")
        if request.actor_workload is not None and len(request.actor_workload.jwt_svid) > self.token_bytes:
            raise _exceeded("actor_workload.jwt_svid", f"larger than {self.token_bytes} bytes")
        self._check_details("authorization_details", request.authorization_details)
        _check_count("approvals", request.approvals, self.approvals)
        _check_count("consents", request.consents, self.consents)
        for position, approval in enumerate(request.approvals):
            if len(approval.jws.encode()) > self.approval_jws_bytes:
                raise _exceeded(f"approvals[{position}].jws", f"larger than {self.approval_jws_bytes} bytes")
            self._check_details(f"approvals[{position}].authorization_details", approval.authorization_details)

    def check_batch(self, requests: Sized) -> None:
        """Raise ProtocolError when a batch holds more requests than it may."""
        _check_count("requests", requests, self.batch)

    def check_message(self, size: int) -> None:
        """Raise ProtocolError when a message or document of *size* bytes is too large."""
        if size > self.message_bytes:
            raise ProtocolError(
                "",
                f"the request is larger than {self.message_bytes} bytes",
                status=Status.RESOURCE_EXHAUSTED,
                reason="LIMIT_EXCEEDED",
            )

    def _check_details(self, field: str, details: JsonText | None) -> None:
        if details is not None and isinstance(details.value, list):
            _check_count(field, details.value, self.authorization_details)


def _check_count(field: str, entries: Sized, most: int) -> None:
    if len(entries) > most:
        raise _exceeded(field, f"more than {most} entries")


def _exceeded(field: str, message: str) -> ProtocolError:
    return ProtocolError(field, message, reason="LIMIT_EXCEEDED")
