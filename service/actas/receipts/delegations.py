"""Delegations that may still be in use."""

from __future__ import annotations

from dataclasses import dataclass, field

HORIZON_SECONDS = 24 * 3600
"""How far back decisions are looked at; no token of an older one is taken to be alive."""


@dataclass(slots=True)
class LiveDelegation:
    """Allowed decisions of one subject, actor and target. `usable_until` is the end of the last of their tokens.

    Until then a resource that does not ask accepts them, whatever is revoked; in seconds since the epoch.
    """

    subject_iss: str
    subject_sub: str
    actor: str
    target: str
    decisions: int = 0
    usable_until: int = 0
    issued_jti: list[str] = field(default_factory=list)
