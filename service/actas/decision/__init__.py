"""The decision: what Actas answers, in the shape of contract.md, section 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """ALLOW or DENY. A caller treats anything else, and nothing at all, as DENY."""

    ALLOW = "ALLOW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True)
class Denial:
    """One failed check. For the caller's log and the receipt, never for the OAuth client."""

    code: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a human must do before a retry can succeed (AuthZEN Obligations draft)."""

    type: str
    id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WithheldScope:
    """A scope that was asked for and is not issued, and whose ceiling withheld it."""

    scope: str
    code: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be issued. Lifetimes are seconds; `not_after` is seconds since the epoch."""

    scope: tuple[str, ...]
    audience: tuple[str, ...]
    max_lifetime_seconds: int
    not_after: int
    issued_token_type: str
    token_type: str
    authorization_details: tuple[Any, ...] = ()
    cnf: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class IssueClaims:
    """Claims that the authorization server writes into the token; they link the hops."""

    decision_id: str
    txn: str


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Which policy revision and which revocation state the decision comes from."""

    revision: str
    bundle_digest: str
    state_version: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `limits`, `issue_claims` and `act` are present on ALLOW only.

    Times are seconds since the epoch; `valid_until` is the last moment to issue on this decision.
    """

    decision_id: str
    request_id: str
    effect: Effect
    policy: PolicyRef
    evaluated_at: float
    valid_until: float
    narrowed: bool = False
    notes: tuple[str, ...] = ()
    withheld_scope: tuple[WithheldScope, ...] = ()
    error: str = ""
    error_description: str = ""
    denials: tuple[Denial, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    limits: Limits | None = None
    issue_claims: IssueClaims | None = None
    act: Mapping[str, Any] | None = None
    disabled_rules: tuple[str, ...] = field(default=())
