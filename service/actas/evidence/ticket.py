"""The right to use a credential once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to use one credential once: who gave it under which id, and until when that must be known.

    `kind` keeps apart what an issuer may number by itself: `approval` or `token`. `until` is in seconds since the
    epoch.
    """

    issuer: str
    id: str
    until: int
    kind: str = "approval"

    @property
    def name(self) -> str:
        """What is remembered of it: the same for whatever may be used in its place, and no more telling than it."""
        return hashlib.sha256(json.dumps([self.kind, self.issuer, self.id]).encode()).hexdigest()
