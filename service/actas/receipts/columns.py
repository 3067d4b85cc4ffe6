"""What receipts are looked up by: columns that are derived from the document, and from nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

# PostgreSQL indexes no value of more than some 2,700 bytes, and nobody looks for what is longer than this.
_LONGEST = 512
NAMES = (
    "writer",
    "seq",
    "kind",
    "part",
    "decision_id",
    "root_decision_id",
    "parent_decision_id",
    "evaluated_at",
    "effect",
    "code",
    "actor_iss",
    "actor_sub",
    "agent",
    "agent_version",
    "subject",
    "target",
    "task_id",
    "client_id",
    "authorization_server",
    "source_jti",
    "workload",
    "narrowed",
    "stepped_up",
)
_NONE: Mapping[str, Any] = {}


def key(text: str) -> str:
    """Give *text* as it stands in a column: what is very long, or no text to a database, becomes a digest."""
    if len(text) <= _LONGEST and text.isprintable():
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def derive(document: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give the columns of a stored *document*, in the order of `NAMES`."""
    actor, codes = document.get("actor", _NONE), document.get("codes")
    targets = document.get("target")
    return (
        document["writer"],
        document["seq"],
        document["kind"],
        document["part"],
        _key(document, "decision_id") or "",
        _key(document, "root_decision_id"),
        _key(document, "parent_decision_id"),
        float(document["evaluated_at"]),
        document.get("effect"),
        codes[0] if codes else None,
        _key(actor, "iss"),
        _key(actor, "sub"),
        _key(actor, "agent"),
        _key(actor, "version"),
        document.get("sealed", _NONE).get("subject"),
        key(targets[0]) if targets else None,
        _key(document, "task_id"),
        _key(document.get("client", _NONE), "client_id"),
        _key(document, "authorization_server"),
        _key(document.get("source_token", _NONE), "jti"),
        None if actor.get("spiffe_id") == actor.get("sub") else _key(actor, "spiffe_id"),
        _flag(document, "notes"),
        _flag(document, "obligations", "step-up"),
    )


def further_targets(document: Mapping[str, Any]) -> list[str]:
    """Give the targets that stand in no column: those after the first."""
    first, *further = map(key, document.get("target") or [""])
    return sorted(set(further) - {first})


def _flag(document: Mapping[str, Any], name: str, wanted: str = "") -> int | None:
    """Say of a decision whether there is anything in *name*, or *wanted* is."""
    if "effect" not in document:
        return None
    there = document.get(name, ())
    return int(wanted in there if wanted else bool(there))


def _key(part: Mapping[str, Any], name: str) -> str | None:
    value = part.get(name)
    return None if value is None else key(value)
