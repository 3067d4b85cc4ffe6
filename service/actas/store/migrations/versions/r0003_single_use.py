"""What was used of what may be used once, and how many exchanges were allowed of late.

Tables are written out here, not taken from `actas.store.schema`: a step stays what it was when the tables change.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "single_use",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("single_use_by_end", "single_use", ["until"])
    memory = op.create_table(
        "single_use_memory",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("forgotten", sa.BigInteger, nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    # What was given before may have been used before: nobody wrote that down here.
    op.bulk_insert(memory, [{"id": 1, "since": time.time(), "forgotten": 0}])
    op.create_table(
        "rates",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("part", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("process", sa.Text, primary_key=True),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("rates_by_end", "rates", ["until"])
