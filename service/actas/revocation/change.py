"""One change of what is revoked: who did it, when and why, chained to the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from actas.revocation.entry import parse

JsonDict = dict[str, Any]
NO_HASH = bytes(32)
"""What the first change is chained to."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change as it is recorded. `at` is in seconds since the epoch.

    `what` says whether `entry` is revoked, or taken back from everybody whom it names.
    """

    what: Literal["revoke", "restore"]
    entry: JsonDict
    by: str
    at: float
    event: Mapping[str, str] = field(default_factory=dict)
    """`iss` and `jti` of the security event that it comes from."""

    def document(self, version: int) -> str:
        """Give the text that is kept."""
        members: JsonDict = {"version": version, "what": self.what, "entry": self.entry, "by": self.by, "at": self.at}
        if self.event:
            members["event"] = dict(self.event)
        return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def event_digest(self) -> bytes | None:
        """Name the security event that it comes from; None where it comes from none."""
        if not self.event:
            return None
        return hashlib.sha256(json.dumps([self.event["iss"], self.event["jti"]]).encode()).digest()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change with its place in the log."""

    version: int
    change: Change
    hash: bytes = field(repr=False)


def chained(before: bytes, document: str) -> bytes:
    """Give the hash of a change that says *document* after the one with the hash *before*."""
    return hashlib.sha256(before + document.encode()).digest()


def read(version: int, document: str, digest: bytes, before: bytes) -> Recorded:
    """Read what is kept of one change; raises ValueError where it is not what was recorded."""
    if chained(before, document) != digest:
        raise ValueError(f"revocation {version} is not the one that was recorded")
    members = json.loads(document)
    if members.get("version") != version or members.get("what") not in ("revoke", "restore"):
        raise ValueError(f"revocation {version} cannot be read")
    entry = parse(members["entry"])
    change = Change(members["what"], entry, str(members["by"]), float(members["at"]), members.get("event", {}))
    return Recorded(version, change, digest)
