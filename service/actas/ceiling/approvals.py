"""When the approvals end that the issued scope relies on (contract.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable

from actas.ceiling.breach import require
from actas.ceiling.entries import TargetEntry
from actas.ceiling.json_value import same
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.request import Approval, ExchangeRequest

# An adopter who switches one of these off issues without a matching approval; there is then no end to keep.
_WAIVED_BY = frozenset({"APPROVAL_REQUIRED", "APPROVAL_MISMATCH", "APPROVAL_EXPIRED", "APPROVAL_REVOKED"})


def check(
    request: ExchangeRequest,
    scope: Iterable[str],
    targets: tuple[TargetEntry, ...],
    parties: Parties,
    tables: Tables,
    *,
    now: int,
) -> int | None:
    """Give the latest moment at which approvals still cover all of *scope*, None where none is needed.

    Raises:
        BoundBroken: a scope whose risk class asks for an approval has none.

    """
    ends = []
    for covering in _covering(request, scope, targets, parties, tables, now=now):
        require(bool(covering) or not _WAIVED_BY.isdisjoint(tables.disabled), "approval")
        ends_here = [until for _position, until in covering]
        ends.extend([max(ends_here)] if ends_here else [])
    return min(ends, default=None)


def relied_on(
    request: ExchangeRequest,
    scope: Iterable[str],
    targets: tuple[TargetEntry, ...],
    parties: Parties,
    tables: Tables,
    *,
    now: int,
) -> frozenset[int]:
    """Give the positions of the approvals that cover something of *scope* which needs one.

    Where nothing covers some of it, a rule is switched off, and any that was presented may be what passed.
    """
    needed = _covering(request, scope, targets, parties, tables, now=now)
    if not all(needed):
        return frozenset(range(len(request.approvals)))
    return frozenset(position for covering in needed for position, _until in covering)


def _covering(
    request: ExchangeRequest,
    scope: Iterable[str],
    targets: tuple[TargetEntry, ...],
    parties: Parties,
    tables: Tables,
    *,
    now: int,
) -> list[list[tuple[int, int]]]:
    """Give, for each scope at each target that needs an approval, the position and the end of those it has."""
    needed = [
        (token, target) for target in targets for token in scope if target.risks[token] in tables.approval_classes
    ]
    if not needed:
        return []
    names = parties.names(request, tables)
    valid = [
        (position, approval, approval.approved_until)
        for position, approval in enumerate(request.approvals)
        if _valid(approval, request, parties, names, now) and approval.approved_until is not None
    ]
    return [
        [
            (position, until)
            for position, approval, until in valid
            if token in approval.scope.split(" ") and tables.canonical(approval.target) == target.name
        ]
        for token, target in needed
    ]


def _valid(approval: Approval, request: ExchangeRequest, parties: Parties, names: frozenset[str], now: int) -> bool:
    return (
        approval.verified is True
        and approval.status == "approved"
        and approval.client_id == request.client.client_id
        and approval.actor in names
        and _is_subject(approval.subject, request, parties)
        and type(approval.approved_until) is int
        and approval.approved_until > now
        and _same_details(approval, request)
    )


def _is_subject(name: str, request: ExchangeRequest, parties: Parties) -> bool:
    """A bare name is the authorization server's, a SPIFFE ID its trust domain's (contract.md, section 2)."""
    issuer, sub = parties.subject
    bare = issuer == request.authorization_server
    return name == sub and (bare or (issuer.startswith("spiffe://") and sub.startswith(f"{issuer}/")))


def _same_details(approval: Approval, request: ExchangeRequest) -> bool:
    if approval.authorization_details is None:
        return True
    requested = request.authorization_details
    return (
        requested is not None
        and approval.authorization_details.well_formed
        and same(approval.authorization_details.value, requested.value)
    )
