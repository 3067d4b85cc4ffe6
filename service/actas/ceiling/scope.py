"""Issued scope is within every ceiling (contract.md, section 2; RFC 6749, section 3.3)."""

from __future__ import annotations

from actas.ceiling.breach import require
from actas.ceiling.entries import TargetEntry
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.engine.result import PolicyLimits
from actas.request import ExchangeRequest


def check(
    request: ExchangeRequest,
    limits: PolicyLimits,
    parties: Parties,
    targets: tuple[TargetEntry, ...],
    tables: Tables,
) -> frozenset[str]:
    """Check the scope that would be issued and give it as a set.

    What consents and grants cover is checked with the delegation's basis.

    Raises:
        BoundBroken: a scope exceeds the request or a ceiling, is forbidden, or none is left.

    """
    issued = frozenset(limits.scope)
    require(0 < len(issued) == len(limits.scope), "scope")
    require(issued <= _requested(request, targets), "scope_requested")
    require(issued.isdisjoint(tables.forbidden_scopes), "scope_forbidden")
    require(issued <= tables.clients[request.client.client_id].scopes, "scope_client")
    agent = parties.agent
    require(agent is None or agent.scopes is None or issued <= agent.scopes, "scope_agent")
    for target in targets:
        require(issued <= target.risks.keys(), "scope_target")
    if "scope" in parties.claims:
        carried = parties.claims["scope"]
        # RFC 8693, section 4.2: one string. Anything else names no scope at all.
        require(isinstance(carried, str) and issued <= set(carried.split(" ")), "scope_subject")
    return issued


def _requested(request: ExchangeRequest, targets: tuple[TargetEntry, ...]) -> set[str] | frozenset[str]:
    # Not split(): that would also split on characters that are no separator in a scope.
    requested = {token for token in request.scope.split(" ") if token}
    return requested or frozenset().union(*(target.default_scope for target in targets))
