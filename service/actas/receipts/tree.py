"""The tree of hops that one user's authority took, made of the receipts that have its `txn`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from actas.receipts.kept import KeptReceipt


@dataclass(slots=True)
class Hop:
    """One decision and those on the tokens that came of it, oldest first.

    `depth` is 0 for a decision on the user's own token. `parent_missing`: the receipt of the decision that issued its
    subject token is not among those that the tree was made of.
    """

    receipt: KeptReceipt
    depth: int = 0
    parent_missing: bool = False
    children: list[Hop] = field(default_factory=list)


def build(receipts: Iterable[KeptReceipt]) -> list[Hop]:
    """Make the tree of *receipts* and give its first hops, oldest first.

    Parents are what callers claimed: one that is not there, or would make a circle, is missing.
    """
    hops = {receipt.decision_id: Hop(receipt) for receipt in sorted(receipts, key=lambda one: one.sequence)}
    first: list[Hop] = []
    for hop in hops.values():
        parent = hops.get(hop.receipt.parent)
        # A decision is recorded before a token can name it.
        if parent is not None and parent.receipt.sequence < hop.receipt.sequence:
            hop.depth = parent.depth + 1
            parent.children.append(hop)
        else:
            hop.parent_missing = bool(hop.receipt.parent)
            first.append(hop)
    return first


def walk(hops: Iterable[Hop]) -> Iterator[Hop]:
    """Give every hop, each before its children."""
    waiting = list(hops)[::-1]
    while waiting:
        hop = waiting.pop()
        yield hop
        waiting.extend(reversed(hop.children))
