"""Receipts, the chains that they form, and the salts of their subjects.

Tables are written out here, not taken from `actas.store.schema`: a step stays what it was when the tables change.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    store = op.create_table(
        "store",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("lookup_key", sa.LargeBinary, nullable=False),
        sa.Column("writers", sa.BigInteger, nullable=False),
        sa.Column("erasures", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    first = {"id": 1, "store_id": secrets.token_hex(16), "lookup_key": secrets.token_bytes(32)}
    op.bulk_insert(store, [first | {"writers": 0, "erasures": 0}])
    op.create_table(
        "writers",
        sa.Column("writer", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("checkpointed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "subjects",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("sub_lookup", sa.LargeBinary, nullable=False),
        sa.Column("party_lookup", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
    )
    op.create_index("subjects_by_sub", "subjects", ["sub_lookup"])
    op.create_table(
        "receipts",
        sa.Column("writer", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("decision_id", sa.Text, nullable=False),
        sa.Column("root_decision_id", sa.Text),
        sa.Column("parent_decision_id", sa.Text),
        sa.Column("evaluated_at", sa.Double, nullable=False),
        sa.Column("effect", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("actor_iss", sa.Text),
        sa.Column("actor_sub", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("agent_version", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("task_id", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("authorization_server", sa.Text),
        sa.Column("source_jti", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("prev", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_index("receipts_by_decision", "receipts", ["decision_id", "kind", "part"], unique=True)
    op.create_index("receipts_by_root", "receipts", ["root_decision_id"])
    op.create_index("receipts_by_time", "receipts", ["evaluated_at"])
    op.create_index("receipts_by_actor", "receipts", ["actor_sub", "evaluated_at"])
    for name, column in (("agent", "agent"), ("subject", "subject"), ("target", "target"), ("task", "task_id")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"receipts_by_{name}", "receipts", [column, "evaluated_at"], sqlite_where=there, postgresql_where=there
        )
    # The second target of a receipt and those after it: most have one, which stands in `receipts.target`.
    op.create_table(
        "receipt_targets",
        sa.Column("writer", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("evaluated_at", sa.Double, nullable=False),
    )
    op.create_index("receipt_targets_by_target", "receipt_targets", ["target", "evaluated_at"])
