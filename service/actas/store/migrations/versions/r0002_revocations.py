"""The log of what was revoked and taken back.

Tables are written out here, not taken from `actas.store.schema`: a step stays what it was when the tables change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "revocations",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("event", sa.LargeBinary, unique=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
