"""The lifetime is within every cap, in seconds (contract.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from actas import facts
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.entries import TargetEntry
from actas.ceiling.parties import Parties, end
from actas.ceiling.tables import Tables
from actas.request import ExchangeRequest, Token

_OWN_CLASS = ("", "oauth")


def check(
    seconds: int,
    *,
    request: ExchangeRequest,
    scope: Iterable[str],
    targets: tuple[TargetEntry, ...],
    parties: Parties,
    tables: Tables,
    ends: Iterable[int | None],
    now: int,
) -> None:
    """Check the lifetime that would be issued; *ends* are those of consents and approvals, None for no end.

    Raises:
        BoundBroken: it is not a positive whole number of seconds, too short, or longer than a cap.

    """
    require(type(seconds) is int and seconds > 0, "lifetime")
    configured = tables.lifetimes
    require(seconds >= configured.minimum or "LIFETIME_TOO_SHORT" in tables.disabled, "lifetime_minimum")
    require(seconds <= configured.maximum, "lifetime_settings")
    require(seconds <= _requested(request, tables), "lifetime_requested")
    if parties.agent is not None and parties.agent.max_lifetime_seconds is not None:
        require(seconds <= parties.agent.max_lifetime_seconds, "lifetime_agent")
    for target in targets:
        maximum = target.max_lifetime_seconds
        require(maximum is None or seconds <= maximum, "lifetime_target")
        for token in scope:
            require(seconds <= configured.by_risk.get(target.risks[token], configured.maximum), "lifetime_risk")
    for maximum in _credential_maxima(request, tables):
        require(seconds <= maximum, "lifetime_credential_class")
    expires = end(parties.claims)
    require(expires is not None and seconds <= expires - now, "lifetime_subject")
    if configured.actor_exp and parties.actor_claims is not None:
        expires = end(parties.actor_claims)
        require(expires is not None and seconds <= expires - now, "lifetime_actor")
    for until in ends:
        require(until is None or seconds <= until - now, "lifetime_basis")


def _requested(request: ExchangeRequest, tables: Tables) -> int:
    requested = request.requested_lifetime
    if requested is None:
        return tables.lifetimes.default
    if facts.is_lifetime(requested):
        return int(requested)
    require("LIFETIME_INVALID" in tables.disabled, "lifetime_requested")
    return tables.lifetimes.default


def _credential_maxima(request: ExchangeRequest, tables: Tables) -> Iterator[int]:
    """Give the maxima of bridged credentials; a class that nobody configured obtains nothing."""
    tokens: tuple[Token | None, ...] = (request.subject_token, request.actor_token)
    for token in tokens:
        if token is not None and token.credential_class not in _OWN_CLASS:
            maximum = tables.lifetimes.by_credential_class.get(token.credential_class)
            if maximum is None:
                raise BoundBroken("lifetime_credential_class")
            yield maximum
