"""A receipt as it is read back from where it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """One receipt, with what was reported of its decision later.

    `document` is the record as it was kept (contract.md, section 7), `writer` and `seq` are its place in the chains.
    `outcome` has what all reports together say and, as `reported`, who said which part and when; reports that
    contradict an earlier one stand in `refused`.
    """

    writer: int
    seq: int
    document: Mapping[str, Any]
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[float, int, int]:
        """What receipts are put in order by: time, then their place in the chains."""
        return (self.document["evaluated_at"], self.writer, self.seq)

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
        """Give the receipt with its outcome, as the command line writes it."""
        outcome = {"outcome": dict(self.outcome)} if self.outcome else {}
        return {**self.document, **outcome, "writer": self.writer, "seq": self.seq}
