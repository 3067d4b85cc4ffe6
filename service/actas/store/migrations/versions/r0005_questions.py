"""What was too slow to ask of ten million receipts: those of a time, all denials, and how agents fared in a month.

Tables are written out here, not taken from `actas.store.schema`: a step stays what it was when the tables change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indexes, and count the weeks."""
    # With all that is asked where only the time matters, so that a thousand of them are read from a few pages.
    op.drop_index("receipts_by_time", "receipts")
    op.create_index("receipts_by_time", "receipts", ["evaluated_at", "writer", "seq", "kind", "effect", "decision_id"])
    # Denials are few, so that their index costs little.
    denied = sa.text("effect = 'DENY'")
    op.create_index("receipts_by_denial", "receipts", ["evaluated_at"], sqlite_where=denied, postgresql_where=denied)
    op.execute(
        "INSERT INTO agent_counts (hours, number, agent, version, code, narrowed, stepped_up, decisions) "
        "SELECT 168, number / 7, agent, version, code, narrowed, stepped_up, sum(decisions) FROM agent_counts "
        "WHERE hours = 24 GROUP BY number / 7, agent, version, code, narrowed, stepped_up"
    )
