"""All receipts of the tree that a decision belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from actas.receipts import reading
from actas.receipts.columns import key
from actas.receipts.kept import KeptReceipt
from actas.store.schema import receipts

MOST = 1000
"""How many receipts of a tree are given at most."""


@dataclass(frozen=True, slots=True)
class TreeReceipts:
    """The receipts of one tree, oldest first; `truncated` where there are more of them."""

    receipts: Sequence[KeptReceipt]
    truncated: bool


def tree_of(connection: Connection, decision_id: str, *, most: int = MOST) -> TreeReceipts:
    """Give at most *most* receipts of the tree that has *decision_id*: that of any of its decisions, or its `txn`."""
    root = connection.execute(root_statement(decision_id)).scalar_one_or_none() or key(decision_id)
    found = list(connection.execute(hops_statement(root, most + 1)).scalars())
    return TreeReceipts(reading.kept(connection, found[:most]), len(found) > most)


def root_statement(decision_id: str) -> Select[Any]:
    """Ask for the root of the tree of one decision."""
    of = receipts.c
    return select(of.root_decision_id).where(of.decision_id == key(decision_id), of.kind == reading.DECISION)


def hops_statement(root: str, most: int) -> Select[Any]:
    """Ask for the *most* oldest decisions of a tree."""
    of = receipts.c
    chosen = select(of.decision_id).where(of.root_decision_id == root, of.kind == reading.DECISION)
    return chosen.order_by(of.evaluated_at, of.writer, of.seq).limit(most)
