"""What was said outside of the store: checkpoints of every chain, in the order of their numbers, and prunings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actas.evidence.keys import TrustedIssuer
from actas.receipts import statements
from actas.receipts.chain import Head
from actas.receipts.findings import Kind, Report
from actas.receipts.statements import Sink


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


def read(sink: Sink, issuer: TrustedIssuer, report: Report, progress: Callable[[str], None]) -> Said:
    """Read every statement of *sink*; what no key of *issuer* signed is a finding. Raises StoreError."""
    stores: set[str] = set()
    marks: dict[int, dict[int, Mark]] = {}
    pruned: dict[int, Head] = {}
    for number, (where, line) in enumerate(sink.lines(), 1):
        if not number % 1000:
            progress(f"reading statements, {number}")
        if not line:
            continue
        statement = statements.verified(line, issuer)
        if statement is None:
            report.add(Kind.SINK_CHANGED, f"{where} of the sink is no statement that the key has signed")
            continue
        report.statements += 1
        stores.add(statement.store_id)
        for head in statement.heads:
            if statement.says == "pruning":
                if head.writer not in pruned or pruned[head.writer].seq < head.seq:
                    pruned[head.writer] = head
                continue
            said = marks.setdefault(head.writer, {}).setdefault(head.seq, Mark(head.seq, head.hash, statement.at))
            if said.hash != head.hash:
                report.add(
                    Kind.RECOMPUTED,
                    f"writer {head.writer}: entry {head.seq} was another one when it was said for the first time",
                    writer=head.writer,
                    seq=head.seq,
                )
    ordered = {writer: [its[seq] for seq in sorted(its)] for writer, its in marks.items()}
    return Said(frozenset(stores), ordered, pruned)
