"""What was said outside of the store: checkpoints of every chain, in the order of their numbers, and prunings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from actas.evidence.keys import TrustedIssuer
from actas.receipts import statements
from actas.receipts.chain import Head
from actas.receipts.findings import Finding, Kind, Report
from actas.receipts.statements import Sink, Statement


@dataclass(frozen=True, slots=True)
class Mark:
    """The chain of a writer had *hash* at entry *seq* `at` a time."""

    seq: int
    hash: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Said:
    """All that one sink says about one store; `asked` is false where there is no sink."""

    stores: frozenset[str]
    marks: dict[int, list[Mark]]
    pruned: dict[int, Head]
    asked: bool = True

    @classmethod
    def nothing(cls) -> Said:
        """Say nothing, as where there is no sink."""
        return cls(frozenset(), {}, {}, asked=False)


class Reading:
    """Reads the statements of *sink* that a key of *issuer* signed, and later those that were added since.

    Any other line is a finding. A large sink takes longer to read than a service takes until its next checkpoint.
    """

    def __init__(self, sink: Sink, issuer: TrustedIssuer) -> None:
        self._sink = sink
        self._issuer = issuer
        self._stores: set[str] = set()
        self._marks: dict[int, dict[int, Mark]] = {}
        self._pruned: dict[int, Head] = {}
        self._statements = 0
        self._read = 0
        self._found: list[tuple[int, Finding]] = []

    def go_on(self, report: Report, progress: Callable[[str], None]) -> Said:
        """Read what was not read yet, and add all findings so far to *report*; raises StoreError."""
        # What comes after the last statement may not have been written whole yet, and is looked at again.
        self._found = [found for found in self._found if found[0] <= self._read]
        for number, (where, line) in enumerate(islice(self._sink.lines(), self._read, None), self._read + 1):
            if not number % 1000:
                progress(f"reading statements, {number}")
            if not line:
                continue
            statement = statements.verified(line, self._issuer)
            if statement is None:
                message = f"{where} of the sink is no statement that the key has signed"
                self._found.append((number, Finding(Kind.SINK_CHANGED, message)))
            else:
                self._take(statement, number)
        report.statements = self._statements
        for _, finding in self._found:
            report.add(finding.kind, finding.message, writer=finding.writer, seq=finding.seq)
        ordered = {writer: [its[seq] for seq in sorted(its)] for writer, its in self._marks.items()}
        return Said(frozenset(self._stores), ordered, dict(self._pruned))

    def _take(self, statement: Statement, number: int) -> None:
        self._read = number
        self._statements += 1
        self._stores.add(statement.store_id)
        for head in statement.heads:
            if statement.says == "pruning":
                if head.writer not in self._pruned or self._pruned[head.writer].seq < head.seq:
                    self._pruned[head.writer] = head
                continue
            its = self._marks.setdefault(head.writer, {})
            if its.setdefault(head.seq, Mark(head.seq, head.hash, statement.at)).hash != head.hash:
                message = f"writer {head.writer}: entry {head.seq} was another one when it was said for the first time"
                self._found.append((number, Finding(Kind.RECOMPUTED, message, head.writer, head.seq)))
