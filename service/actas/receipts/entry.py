"""One entry of a chain before it has its place in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import orjson

from actas.receipts.record import Record

Kind = Literal["decision", "outcome", "start", "erasure", "prune"]
"""What an entry says: a decision, what became of one, or something about the store itself."""
Party = tuple[str, str]
"""Issuer and subject. Both are empty for what has no subject."""

NOBODY: Party = ("", "")
# Who the subject is, or what one could be recognised by: a digest of a request can be compared with guesses.
_SEALED = ("subject", "purpose", "request_digest")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be kept of a decision, or about one.

    `document` stays readable for ever, and names what the entry is looked up by (contract.md, section 7); `sealed` is
    readable until the salt of *party* is deleted. Of one decision there is one entry of each *kind* and *part*.
    """

    kind: Kind
    decision_id: str
    document: Mapping[str, Any]
    sealed: Mapping[str, Any]
    party: Party = NOBODY
    part: str = ""
    again: bool = False
    """Whether it may be there already: it comes back from a spill file."""

    @classmethod
    def of(cls, record: Record) -> Self:
        """Take *record* apart into what stays and what can be erased."""
        document, sealed = dict(record.document), {}
        for name in _SEALED:
            if name in document:
                sealed[name] = document.pop(name)
        source = document.get("source_token")
        if source and "digest" in source:
            document["source_token"] = {name: value for name, value in source.items() if name != "digest"}
            sealed["source_digest"] = source["digest"]
        subject = sealed.get("subject", {})
        return cls("decision", record.decision_id, document, sealed, (subject.get("iss", ""), subject.get("sub", "")))


def text_of(value: Mapping[str, Any]) -> bytes:
    """Write *value* as JSON, whatever strings and numbers are in it."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # An integer beyond 64 bits, or a lone surrogate.
        return json.dumps(value, separators=(",", ":")).encode()


def value_of(text: bytes | str) -> Any:
    """Read what `text_of` wrote; raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
