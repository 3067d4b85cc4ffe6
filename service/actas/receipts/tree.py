"""The tree of hops that one user's authority took, made of the receipts that have its `txn`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from actas.receipts.kept import KeptReceipt


@dataclass(slots=True, eq=False)
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
    hops = {receipt.decision_id: Hop(receipt) for receipt in sorted(receipts, key=lambda one: one.place)}
    for hop in hops.values():
        parent = hops.get(hop.receipt.parent)
        if parent is None:
            hop.parent_missing = bool(hop.receipt.parent)
        else:
            parent.children.append(hop)
    first = [hop for hop in hops.values() if hop.receipt.parent not in hops]
    reached = {id(hop) for hop in walk(first)}
    for hop in hops.values():
        if id(hop) not in reached:
            # Only a circle is reached from nowhere: it begins with its oldest hop.
            hops[hop.receipt.parent].children.remove(hop)
            hop.parent_missing = True
            first.append(hop)
            reached |= {id(below) for below in walk([hop])}
    return first


def walk(hops: Iterable[Hop]) -> Iterator[Hop]:
    """Give every hop, each before its children, and say how deep it is."""
    waiting = [(hop, 0) for hop in hops][::-1]
    while waiting:
        hop, depth = waiting.pop()
        hop.depth = depth
        yield hop
        waiting.extend((child, hop.depth + 1) for child in reversed(hop.children))
