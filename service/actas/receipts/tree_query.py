"""All receipts of the tree that a decision belongs to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from actas.receipts import documents
from actas.receipts.answers import MOST_HOPS, TreeReceipts
from actas.receipts.columns import key
from actas.store.schema import receipts


def tree_of(connection: Connection, decision_id: str, *, most: int = MOST_HOPS) -> TreeReceipts:
    """Give at most *most* receipts of the tree that has *decision_id*: that of any of its decisions, or its `txn`."""
    root = connection.execute(root_statement(decision_id)).scalar_one_or_none() or key(decision_id)
    found = list(connection.execute(hops_statement(root, most + 1)).scalars())
    return TreeReceipts(documents.kept(connection, found[:most]), len(found) > most)


def root_statement(decision_id: str) -> Select[Any]:
    """Ask for the root of the tree of one decision."""
    of = receipts.c
    return select(of.root_decision_id).where(of.decision_id == key(decision_id), of.kind == documents.DECISION)


def hops_statement(root: str, most: int) -> Select[Any]:
    """Ask for the *most* oldest decisions of a tree."""
    of = receipts.c
    chosen = select(of.decision_id).where(of.root_decision_id == root, of.kind == documents.DECISION)
    return chosen.order_by(of.evaluated_at, of.writer, of.seq).limit(most)
