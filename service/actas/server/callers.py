"""Who calls, by its token or its certificate, and what it may do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from actas.config import Caller, Permission
from actas.errors import ProtocolError, Status
from actas.listener import is_local_peer
from actas.server.allowance import Allowance
from actas.server.caller_tokens import CallerTokens
from actas.server.ledger import Ledger
from actas.server.metrics import Metrics
from actas.server.tls.peers import NOBODY, PeerCertificate, Peers

_SCHEME = "bearer "
_UNLIMITED: AbstractContextManager[None] = nullcontext()


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The caller of the call in progress. *restricted* is false when the configuration names no callers."""

    name: str
    restricted: bool
    authorization_servers: frozenset[str] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    allowance: Allowance | None = field(default=None, compare=False, repr=False)

    def admitted(self) -> AbstractContextManager[None]:
        """Give what lasts as long as one call of the caller; entering it raises OverLimitError."""
        return self.allowance or _UNLIMITED

    def spend(self, decisions: int) -> None:
        """Use up so many *decisions* more than the one that a call begins with; raises OverLimitError."""
        if self.allowance is not None:
            self.allowance.spend(decisions)

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
        """Refuse what needs *permission*. Where no callers are configured, whoever is on this machine has every one.

        Where they are, an address says nothing: a proxy beside the service is on this machine as well.

        Raises:
            ProtocolError: PERMISSION_DENIED.

        """
        if permission not in self.permissions and (self.restricted or not is_local_peer(peer)):
            raise ProtocolError(
                "", f"needs the permission '{permission}'", status=Status.PERMISSION_DENIED, reason="PERMISSION_MISSING"
            )


UNNAMED = CallerIdentity(name="", restricted=False)
current: ContextVar[CallerIdentity] = ContextVar("current")


class Callers:
    """All configured callers."""

    def __init__(
        self,
        callers: Iterable[Caller],
        metrics: Metrics | None = None,
        *,
        peers: Peers | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        """Index *callers*; with none, whoever can reach a listener may call.

        *peers* verifies the certificates of connections; without it there are none. *ledger* counts what callers use.

        Raises:
            ConfigError: the keys of an issuer cannot be read.

        """
        callers = tuple(callers)
        counts = ledger or Ledger.alone(len(callers))
        known = [(caller, _identity(caller, counts, index)) for index, caller in enumerate(callers)]
        self._peers = peers
        self._open = not known
        self._tokens = CallerTokens(known, metrics or Metrics())
        self._by_spiffe_id = {name: who for caller, who in known for name in caller.spiffe_id}
        self._by_subject = {name: who for caller, who in known for name in caller.certificate_subject}

    def identify(self, context: Any) -> CallerIdentity:
        """Find the caller of the call that *context* is of; raises as `authenticate`."""
        if self._open:
            return UNNAMED
        certificate = NOBODY if self._peers is None else self._peers.certificate(context.auth_context())
        return self.authenticate(context.invocation_metadata(), certificate)

    def may_send(self, metadata: Iterable[tuple[str, str | bytes]]) -> bool:
        """Whether a call with *metadata* may be a caller's, as far as that tells.

        Without a token that is who has a certificate, which the handshake has looked at.
        """
        if self._open:
            return True
        tokens = [value for name, value in metadata if name == "authorization"]
        if not tokens:
            return self._peers is not None
        return all(self._by_token(value) is not None for value in tokens)

    def authenticate(
        self, metadata: Iterable[tuple[str, str | bytes]], certificate: PeerCertificate = NOBODY
    ) -> CallerIdentity:
        """Find the caller by the `authorization` header in *metadata* (RFC 6750, section 2.1) and its *certificate*.

        All that is presented must name one caller: a token that nobody knows is refused whatever the certificate says.

        Raises:
            ProtocolError: UNAUTHENTICATED; it does not tell what was wrong.

        """
        if self._open:
            return UNNAMED
        named = {self._by_token(value) for name, value in metadata if name == "authorization"}
        by_certificate = (
            self._by_spiffe_id.get(certificate.spiffe_id),
            self._by_subject.get(certificate.subject),
        )
        named.update(who for who in by_certificate if who is not None)
        caller = named.pop() if len(named) == 1 else None
        if caller is None:
            raise unknown()
        return caller

    def _by_token(self, header: str | bytes) -> CallerIdentity | None:
        if not isinstance(header, str) or header[: len(_SCHEME)].lower() != _SCHEME:
            return None
        return self._tokens.find(header[len(_SCHEME) :].strip())


def unknown() -> ProtocolError:
    """Give the refusal of whoever is no caller."""
    return ProtocolError(
        "",
        "a caller's bearer token or certificate is needed",
        status=Status.UNAUTHENTICATED,
        reason="CALLER_NOT_AUTHENTICATED",
    )


def _identity(caller: Caller, ledger: Ledger, index: int) -> CallerIdentity:
    allowance = Allowance(caller, ledger, index)
    servers = frozenset(caller.authorization_servers)
    return CallerIdentity(caller.name, True, servers, caller.permissions, allowance if allowance.limited else None)
