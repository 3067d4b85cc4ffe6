"""A receipt as it is read back from where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """One receipt, with what was reported of its decision later.

    `document` is the record as it was kept (contract.md, section 7); `outcome` has what all reports together say,
    with `reports`, who said it and when. `sequence` is its place in the store.
    """

    sequence: int
    document: Mapping[str, Any]
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def decision_id(self) -> str:
        """The decision."""
        return str(self.document["decision_id"])

    @property
    def parent(self) -> str:
        """The decision that issued the subject token; empty where none is known."""
        return str(self.document.get("parent_decision_id", ""))

    @property
    def allowed(self) -> bool:
        """Whether it was an ALLOW; anything else is a DENY."""
        return self.document.get("effect") == "ALLOW"

    def to_document(self) -> dict[str, Any]:
        """Give the receipt with its outcome, as the command line and exports write it."""
        outcome = {"outcome": dict(self.outcome)} if self.outcome else {}
        return {"sequence": self.sequence, **self.document, **outcome}
