"""The audience is exactly what was asked for, and every target is registered and allowed (RFC 8707, section 2)."""

from __future__ import annotations

from actas.ceiling.breach import BoundBroken, require
from actas.ceiling.entries import TargetEntry
from actas.ceiling.parties import Parties
from actas.ceiling.tables import Tables
from actas.engine.result import PolicyLimits
from actas.request import ExchangeRequest


def check(request: ExchangeRequest, limits: PolicyLimits, parties: Parties, tables: Tables) -> tuple[TargetEntry, ...]:
    """Check the audience that would be issued and give its targets.

    Raises:
        BoundBroken: it is not the set asked for, has too many members, or one that is not allowed.

    """
    requested = {*request.resource, *request.audience}
    issued = set(limits.audience)
    require(issued == requested and len(issued) == len(limits.audience), "audience")
    require(1 <= len(issued) <= tables.max_targets, "audience")
    client = tables.clients[request.client.client_id]
    agent = parties.agent
    targets = []
    for name in issued:
        target = tables.targets.get(name)
        if target is None:
            raise BoundBroken("audience")
        require(target.name in client.targets, "audience")
        require(agent is None or agent.targets is None or target.name in agent.targets, "audience")
        targets.append(target)
    return tuple(targets)
