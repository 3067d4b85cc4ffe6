"""A raw token as it reads, while nothing shows that it is true, and whether the caller says the same of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actas import strict_json
from actas.errors import ProtocolError
from actas.evaluable import claims_of
from actas.evidence.jws import NOT_UNDERSTOOD, decoded
from actas.limits import RequestLimits
from actas.request import JsonText, Token

# The signature of a token without one (alg none) is empty.
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")
DEFAULT_LIMITS = RequestLimits()
_MAX_HEADER_BYTES, _MAX_HEADER_DEPTH = 8 * 1024, 8


@dataclass(frozen=True, slots=True)
class RawJws:
    """What a token in compact form says (RFC 7515, section 3.1).

    `claims` is None where the payload is no JSON. `understood` is false when the header is ambiguous, or has a member
    that changes how the token is to be read.
    """

    text: str = field(repr=False)
    header: Mapping[str, Any]
    claims: JsonText | None
    understood: bool


def read(text: str, name: str, limits: RequestLimits = DEFAULT_LIMITS) -> RawJws | None:
    """Read the raw token *text*; None where it is of no form that shows anything (an opaque token).

    *name* is the part of the request that it stands in. Raises ProtocolError where its claims are over *limits*.
    """
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        return None
    header = _json(parts[1], name, _MAX_HEADER_BYTES, _MAX_HEADER_DEPTH)
    if header is None or not isinstance(header.value, dict):
        return None
    claims = _json(parts[2], name, limits.claims_bytes, limits.nesting)
    return RawJws(
        text,
        # Half of an ambiguous header must not be read.
        header.value if header.well_formed else {},
        None if claims is None else claims_of(claims),
        understood=header.well_formed and not NOT_UNDERSTOOD & header.value.keys(),
    )


def check_words(token: Token, raw: RawJws, name: str) -> None:
    """Refuse what a caller says beside a raw token when that says something else; raises ProtocolError."""
    if token.header is not None and not same(dict(token.header), dict(raw.header)):
        raise contradicted(f"{name}.header")
    if token.claims is not None and not _are_equal(token.claims, raw.claims):
        raise contradicted(f"{name}.claims")


def _are_equal(said: JsonText, raw: JsonText | None) -> bool:
    if raw is None:
        return False
    return said.text == raw.text or (said.well_formed and raw.well_formed and same(said.value, raw.value))


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[member]) for member, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def contradicted(field: str) -> ProtocolError:
    """Give the refusal of a member that says something else than the raw token beside it."""
    return ProtocolError(field, "differs from unverified_token, which counts alone", reason="EVIDENCE_CONTRADICTED")


def _json(part: str, name: str, max_bytes: int, max_depth: int) -> JsonText | None:
    text = decoded(part)
    if text is None:
        return None
    try:
        return strict_json.parse(text, f"{name}.unverified_token", max_bytes=max_bytes, max_depth=max_depth)
    except ProtocolError as error:
        if error.reason == "LIMIT_EXCEEDED":
            raise
        return None
