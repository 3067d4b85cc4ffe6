"""Who calls: bearer tokens known by their hash, and what each caller may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

from actas.config import Caller, Permission
from actas.errors import ProtocolError, Status
from actas.listener import is_local_peer

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The caller of the call in progress. *restricted* is false when the configuration names no callers."""

    name: str
    restricted: bool
    authorization_servers: frozenset[str] = frozenset()
    permissions: frozenset[Permission] = frozenset()

    def require_authorization_server(self, issuer: str) -> None:
        """Refuse a request that speaks for an authorization server that is not the caller's.

        Raises:
            ProtocolError: PERMISSION_DENIED.

        """
        if self.restricted and issuer not in self.authorization_servers:
            raise ProtocolError(
                "authorization_server",
                "the caller may not speak for it",
                status=Status.PERMISSION_DENIED,
                reason="AUTHORIZATION_SERVER_NOT_PERMITTED",
            )

    def require(self, permission: Permission, peer: str) -> None:
        """Refuse what needs *permission*, unless the call comes from this machine.

        Raises:
            ProtocolError: PERMISSION_DENIED.

        """
        if permission not in self.permissions and not is_local_peer(peer):
            raise ProtocolError(
                "", f"needs the permission '{permission}'", status=Status.PERMISSION_DENIED, reason="PERMISSION_MISSING"
            )

    def require_granted(self, permission: Permission, peer: str) -> None:
        """Refuse what needs *permission*, to a known caller on this machine, too.

        An authorization server that runs beside the service may not read what others' users did.

        Raises:
            ProtocolError: PERMISSION_DENIED.

        """
        self.require(permission, peer="" if self.restricted else peer)


UNNAMED = CallerIdentity(name="", restricted=False)
current: ContextVar[CallerIdentity] = ContextVar("current")


class Callers:
    """All configured callers, found by the SHA-256 of their bearer token.

    A plain hash is enough, and cheap enough for every call, because these tokens are random and long.
    """

    def __init__(self, callers: Iterable[Caller]) -> None:
        """Index *callers*; with none, whoever can reach a listener may call."""
        self._by_digest = {
            digest: CallerIdentity(caller.name, True, frozenset(caller.authorization_servers), caller.permissions)
            for caller in callers
            for digest in caller.token_sha256
        }

    def authenticate(self, metadata: Iterable[tuple[str, str | bytes]]) -> CallerIdentity:
        """Find the caller by the `authorization` header in *metadata* (RFC 6750, section 2.1).

        Raises:
            ProtocolError: UNAUTHENTICATED; it does not tell what was wrong with the token.

        """
        if not self._by_digest:
            return UNNAMED
        given = [value for name, value in metadata if name == "authorization"]
        header = given[0] if len(given) == 1 else ""
        if isinstance(header, str) and header[: len(_SCHEME)].lower() == _SCHEME:
            digest = hashlib.sha256(header[len(_SCHEME) :].strip().encode()).hexdigest()
            if (caller := self._by_digest.get(digest)) is not None:
                return caller
        raise ProtocolError(
            "", "a caller's bearer token is needed", status=Status.UNAUTHENTICATED, reason="CALLER_NOT_AUTHENTICATED"
        )
