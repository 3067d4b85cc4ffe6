"""What a verification finds, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_SHOWN = 1000


class Kind(StrEnum):
    """What was done to a store."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    CUT_OFF = "cut_off"
    DELETED_WRITER = "deleted_writer"
    RESTORED_COPY = "restored_copy"
    RECOMPUTED = "recomputed"
    SALT_REMOVED = "salt_removed"
    OTHER_STORE = "other_store"
    SINK_CHANGED = "sink_changed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. *seq* is 0 where it is about no single entry."""

    kind: Kind
    message: str
    writer: int = 0
    seq: int = 0

    def to_document(self) -> dict[str, Any]:
        """Give it with the members that it has."""
        document: dict[str, Any] = {"kind": self.kind.value, "message": self.message}
        return document | {name: value for name in ("writer", "seq") if (value := getattr(self, name))}


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that was found."""

    receipts: int = 0
    writers: int = 0
    statements: int = 0
    unanchored: int = 0
    """Entries that no checkpoint covers yet: to change them leaves no trace outside of the store."""
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0

    def add(self, kind: Kind, message: str, *, writer: int = 0, seq: int = 0) -> None:
        """Add what was found; the first thousand are kept."""
        if len(self.findings) >= _SHOWN:
            self.left_out += 1
        else:
            self.findings.append(Finding(kind, message, writer, seq))

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_document(self) -> dict[str, Any]:
        """Give it for a program."""
        return {
            "intact": self.intact,
            "receipts": self.receipts,
            "writers": self.writers,
            "statements": self.statements,
            "unanchored": self.unanchored,
            "findings": [finding.to_document() for finding in self.findings],
            "left_out": self.left_out,
        }
