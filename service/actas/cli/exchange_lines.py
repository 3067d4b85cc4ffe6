"""The input of `actas decide --jsonl`: one `{request, now?, data?}` per line (contract.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actas import strict_json
from actas.document import from_document
from actas.errors import ProtocolError
from actas.limits import RequestLimits
from actas.members import Members
from actas.policy import frozen_time
from actas.request import ExchangeRequest

LIMITS = RequestLimits()
# A line may carry a whole registry beside its request.
_MAX_LINE = 16 * 1024 * 1024
_MAX_DEPTH = 512


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """One question: `now` in seconds since the epoch or None for the clock, `data` or None for the revision's own."""

    request: ExchangeRequest
    now: int | None = None
    data: Mapping[str, Any] | None = None


def parse(line: bytes) -> ExchangeLine:
    """Parse one line. Raises ProtocolError naming the member that is wrong."""
    tree = strict_json.parse_tree(line, "", max_bytes=_MAX_LINE, max_depth=_MAX_DEPTH)
    if not isinstance(tree, dict):
        raise ProtocolError("", "a line must be an object with the member 'request'")
    members = Members(tree, "")
    document, moment, data = members.value("request"), members.value("now"), _data(members)
    members.finish()
    if document is None:
        raise ProtocolError("request", "is missing")
    try:
        now = None if moment is None else frozen_time.seconds(moment)
    except ValueError as error:
        raise ProtocolError("now", str(error)) from None
    # The request alone is measured against the limits of a request, as the service does.
    LIMITS.check_message(len(strict_json.dumps(document).encode()))
    return ExchangeLine(from_document(document, LIMITS), now, data)


def _data(members: Members) -> dict[str, Any] | None:
    tree = members.value("data")
    if tree is None:
        return None
    given, parts = Members(tree, "data"), {}
    for name in ("settings", "registry", "state"):
        part = given.value(name)
        if part is not None:
            if not isinstance(part, dict):
                raise ProtocolError(f"data.{name}", "must be an object")
            _unambiguous(part, f"data.{name}")
            parts[name] = part
    given.finish()
    return parts


def _unambiguous(part: dict[str, Any], field: str) -> None:
    text = strict_json.from_tree(part, field, max_bytes=_MAX_LINE, max_depth=_MAX_DEPTH)
    if not text.well_formed:
        raise ProtocolError(field, "a member occurs more than once, or a number is not finite")
