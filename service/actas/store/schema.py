"""The tables as they are now; `migrations` made them. Times are seconds since the epoch."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Integer, LargeBinary, MetaData, SmallInteger, Table, Text

metadata = MetaData()

store = Table(
    "store",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store_id", Text, nullable=False),
    Column("lookup_key", LargeBinary, nullable=False),
    Column("writers", BigInteger, nullable=False),
    Column("erasures", BigInteger, nullable=False),
)
"""One row: the store's own name, the key of the look-ups of subjects, and how many writers and erasures there were."""

writers = Table(
    "writers",
    metadata,
    Column("writer", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("checkpointed", BigInteger, nullable=False),
)
"""Each process that ever wrote, numbered from 1: how far its chain reaches, and how far a checkpoint was signed."""

subjects = Table(
    "subjects",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("sub_lookup", LargeBinary, nullable=False),
    Column("party_lookup", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
)
"""A random name for each party (iss, sub) that was a subject, how it is found, and the salt that erasure deletes."""

receipts = Table(
    "receipts",
    metadata,
    Column("writer", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    Column("root_decision_id", Text),
    Column("parent_decision_id", Text),
    Column("evaluated_at", Double, nullable=False),
    Column("effect", Text),
    Column("code", Text),
    Column("actor_iss", Text),
    Column("actor_sub", Text),
    Column("agent", Text),
    Column("agent_version", Text),
    Column("subject", Text),
    Column("target", Text),
    Column("task_id", Text),
    Column("client_id", Text),
    Column("authorization_server", Text),
    Column("source_jti", Text),
    Column("workload", Text),
    Column("narrowed", SmallInteger),
    Column("stepped_up", SmallInteger),
    Column("document", Text, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The entries of all chains. `document` is what counts; every other column is derived from it, for look-ups.

`kind` is `decision`, or what was written about one later (`outcome`) or about the store (`erasure`, `prune`); of one
decision there is one entry per kind and `part`. `subject` is the random name from `subjects`, `workload` the
declared SPIFFE ID where it is not the actor's sub; `narrowed` and `stepped_up` are 0 or 1. Indexed are decision_id
(with kind and part), evaluated_at (with writer, seq, kind, effect and decision_id), that of denials, and
root_decision_id, actor_sub, agent, workload, subject, target, task_id and code each with evaluated_at.
"""

receipt_targets = Table(
    "receipt_targets",
    metadata,
    Column("writer", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("evaluated_at", Double, nullable=False),
)
"""The second target of an entry and those after it; the first stands in `receipts.target`. Indexed by target
and evaluated_at."""

revocations = Table(
    "revocations",
    metadata,
    Column("version", BigInteger, primary_key=True),
    Column("event", LargeBinary),
    Column("document", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Every change of what is revoked, numbered without gaps from 1; never changed, never deleted.

`document` is what counts. `hash` is over that of the version before and the document, so that no entry can be changed,
left out or put in between unseen. `event` is the digest of a security event's issuer and jti, at its first entry.
"""

agent_counts = Table(
    "agent_counts",
    metadata,
    Column("hours", SmallInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("narrowed", SmallInteger, primary_key=True),
    Column("stepped_up", SmallInteger, primary_key=True),
    Column("decisions", BigInteger, nullable=False),
)
"""How many decisions of each kind were made for a version of an agent in one hour, in one day and in seven: `hours` is
1, 24 or 168, `number` counts so many hours since the epoch."""

agent_counted = Table(
    "agent_counted",
    metadata,
    Column("writer", BigInteger, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
"""Up to which entry of each writer `agent_counts` counts."""

single_use = Table(
    "single_use",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""What was used or is held of what may be used once, by the digest of its name, and until when that must be known.

`holder` is the decision that holds it. Where that has ended without a word, nobody knows whether its answer left.
"""

single_use_memory = Table(
    "single_use_memory",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("since", Double, nullable=False),
    Column("forgotten", BigInteger, nullable=False),
)
"""One row: since when uses are written down, and the latest end of those that were deleted."""

rates = Table(
    "rates",
    metadata,
    Column("name", Text, primary_key=True),
    Column("part", BigInteger, primary_key=True),
    Column("process", Text, primary_key=True),
    Column("allowed", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""How many exchanges each process has allowed in a part of time, by the digest of what is counted."""
