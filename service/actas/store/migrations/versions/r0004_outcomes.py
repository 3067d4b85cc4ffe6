"""What receipts are asked for beside who, what and where: codes, trees, and how each version of an agent fares.

Tables are written out here, not taken from `actas.store.schema`: a step stays what it was when the tables change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, the indexes and the tables."""
    op.add_column("receipts", sa.Column("workload", sa.Text))
    op.add_column("receipts", sa.Column("narrowed", sa.SmallInteger))
    op.add_column("receipts", sa.Column("stepped_up", sa.SmallInteger))
    # A tree may be wide: its receipts are read in their order, not put in order each time.
    op.drop_index("receipts_by_root", "receipts")
    op.create_index("receipts_by_root", "receipts", ["root_decision_id", "evaluated_at"])
    for name, column in (("code", "code"), ("workload", "workload")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"receipts_by_{name}", "receipts", [column, "evaluated_at"], sqlite_where=there, postgresql_where=there
        )
    op.create_table(
        "agent_counts",
        sa.Column("hours", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("agent", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("narrowed", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("stepped_up", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("decisions", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "agent_counted",
        sa.Column("writer", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
