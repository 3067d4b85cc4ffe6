"""The entries of settings and registry that bound what is issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Names = frozenset[str]


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Configured lifetimes in seconds."""

    minimum: int
    default: int
    maximum: int
    by_risk: Mapping[str, int]
    by_credential_class: Mapping[str, int]
    actor_exp: bool


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """A registered target; `risks` maps each scope to its class, empty when it has none."""

    name: str
    risks: Mapping[str, str]
    default_scope: Names
    max_lifetime_seconds: int | None


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """A registered client's ceiling; targets by their own names."""

    scopes: Names
    targets: Names


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """A registered agent's ceiling; None where the registry sets none."""

    scopes: Names | None
    targets: Names | None
    max_lifetime_seconds: int | None


@dataclass(frozen=True, slots=True)
class GrantEntry:
    """A delegation that the registry permits to the actor and the subject under which it is filed."""

    iss: str
    client_id: str
    authorization_server: str
    scopes: Names
    targets: Names
