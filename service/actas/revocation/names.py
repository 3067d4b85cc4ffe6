"""The names that occur in one exchange, and the other names of the agents that these belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from actas import spiffe
from actas.request import ExchangeRequest, Token


class Agents(Protocol):
    """The agents of one policy revision: `data.actas.index`, and the registry that it was built from."""

    @property
    def index(self) -> Mapping[str, Any]:
        """Has `identities` and `client_identities`, each issuer → name → agent id."""

    @property
    def registry(self) -> Mapping[str, Any]:
        """Has `agents` with the `identities` of each."""


def of(request: ExchangeRequest) -> set[str]:
    """Give every name that somebody acts under: actor, workload, client, and each level of act."""
    names = {request.client.client_id}
    if request.actor_workload is not None:
        names.add(request.actor_workload.spiffe_id)
    if request.code is not None:
        names.add(request.code.requested_actor)
    for token in (request.subject_token, request.actor_token):
        level: Any = claims_of(token)
        while isinstance(level, dict):
            for member in ("sub", "client_id", "azp"):
                if isinstance(level.get(member), str):
                    names.add(level[member])
            level = level.get("act")
    return names


def agents_of(names: Iterable[str], agents: Agents) -> set[str]:
    """Give every agent that has one of *names*, whoever vouches for it: policy knows who does."""
    return {
        by_name[name]
        for table in ("identities", "client_identities")
        for by_name in agents.index.get(table, {}).values()
        for name in names
        if name in by_name
    }


def identities_of(agent: str, agents: Agents) -> Iterator[str]:
    """Give every name that the registry has for *agent*."""
    for identity in agents.registry["agents"][agent]["identities"]:
        for member in ("spiffe_id", "sub", "client_id"):
            if member in identity:
                yield identity[member]


def prefixes(name: str) -> Iterator[str]:
    """Give every prefix that *name* has by whole segments, beginning with its trust domain."""
    identity = spiffe.parse(name) if name.startswith("spiffe:") else None
    if identity is None:
        return
    yield identity.issuer
    yield from (identity.issuer + prefix for prefix in identity.prefixes())


def claims_of(token: Token | None) -> dict[str, Any]:
    """Give the claims of *token*, whatever they are worth; none where they cannot be read."""
    value = token.claims.value if token is not None and token.claims is not None else None
    return value if isinstance(value, dict) else {}
