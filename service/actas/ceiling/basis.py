"""What links the subject to the actor, and how much of the issued scope it carries (contract.md, section 2).

Two valid tokens prove no delegation. A `may_act` claim carries everything; a grant and a consent carry the
scopes they name, and a consent also ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actas import claims_grammar, delegation
from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.entries import TargetEntry
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.request import AUTHORIZATION_CODE, Consent, ExchangeRequest


def check(
    request: ExchangeRequest,
    scope: Iterable[str],
    targets: tuple[TargetEntry, ...],
    parties: Parties,
    tables: Tables,
    *,
    delegated: bool,
    now: int,
) -> int | None:
    """Check that something carries every scope that would be issued.

    Gives the end of the consents relied on in seconds since the epoch, or None where none is needed. *delegated*
    is false for impersonation, which needs no basis.

    Raises:
        BoundBroken: a scope has no basis.

    """
    carried = not delegated or _named(request, parties, tables)
    known = "scope" in parties.claims
    if carried and known:
        return None
    names = parties.names(request, tables)
    carried = carried or _bound_to_code(request, names)
    if carried and known:
        return None
    granted = frozenset() if carried else _granted(request, parties, names, targets, tables)
    consents = [consent for consent in request.consents if _matches(consent, request, parties, names, tables, now)]
    ends = []
    for token in scope:
        if known and token in granted:
            continue
        until = max((end for end, consented in map(_content, consents) if token in consented), default=None)
        if until is None:
            raise BoundBroken("delegation_basis" if known else "scope_subject")
        ends.append(until)
    return min(ends, default=None)


def _named(request: ExchangeRequest, parties: Parties, tables: Tables) -> bool:
    """Whether the subject token itself names the actor."""
    if "may_act" not in parties.claims or parties.subject[0] not in tables.may_act_issuers:
        return False
    may_act = parties.claims["may_act"]
    entries = may_act if isinstance(may_act, list) and tables.may_act_array else [may_act]
    # RFC 8693, section 4.4: whoever is named there may act, and nobody else, whatever else was recorded.
    require(any(_names(entry, request, parties) for entry in entries), "delegation_basis")
    return True


def _bound_to_code(request: ExchangeRequest, names: frozenset[str]) -> bool:
    """Whether the user authorized this very actor when the code was issued."""
    return (
        request.grant_type == AUTHORIZATION_CODE and request.code is not None and request.code.requested_actor in names
    )


def _names(entry: Any, request: ExchangeRequest, parties: Parties) -> bool:
    return (
        isinstance(entry, dict)
        and claims_grammar.is_name(entry.get("sub"))
        and delegation.party(entry, parties.subject[0]) == parties.candidate
        and entry.get("client_id", request.client.client_id) == request.client.client_id
        and entry.keys() <= claims_grammar.MAY_ACT_KNOWN
    )


def _granted(
    request: ExchangeRequest,
    parties: Parties,
    names: frozenset[str],
    targets: tuple[TargetEntry, ...],
    tables: Tables,
) -> frozenset[str]:
    """Give the scopes that the registry's grants carry at every one of *targets*."""
    issuer, sub = parties.subject
    grants = [
        grant
        for name in names
        for who in (sub, "*")
        for grant in tables.grants.get((name, who), ())
        if grant.iss == issuer
        and grant.client_id in ("", request.client.client_id)
        and _same_server(grant.authorization_server, request, tables)
    ]
    at_each = [
        frozenset().union(*(grant.scopes for grant in grants if target.name in grant.targets)) for target in targets
    ]
    return frozenset.intersection(*at_each)


def _matches(
    consent: Consent,
    request: ExchangeRequest,
    parties: Parties,
    names: frozenset[str],
    tables: Tables,
    now: int,
) -> bool:
    return (
        consent.verified is True
        and (consent.iss, consent.sub) == parties.subject
        and consent.client_id == request.client.client_id
        and consent.actor in names
        and type(consent.until) is int
        and consent.until > now
        and _same_server(consent.authorization_server, request, tables)
    )


def _content(consent: Consent) -> tuple[int, set[str]]:
    return consent.until or 0, set(consent.scope.split(" "))


def _same_server(server: str, request: ExchangeRequest, tables: Tables) -> bool:
    # With several servers an unnamed one would let one use what was recorded for another.
    return server == request.authorization_server or (server == "" and len(tables.servers) == 1)
