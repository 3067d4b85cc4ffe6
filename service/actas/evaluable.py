"""What both dresses of a request must fulfil before it can be evaluated (contract.md, section 1)."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

from actas.errors import ProtocolError
from actas.limits import RequestLimits
from actas.request import Approval, ExchangeRequest, JsonText, Token
from actas.struct_json import MAX_INTEGER

# A requested lifetime that is no number is kept only to be denied, so it may be small.
LIFETIME_BYTES = 1024
LIFETIME_NESTING = 8


def checked(request: ExchangeRequest, limits: RequestLimits) -> ExchangeRequest:
    """Return *request* if it can be evaluated.

    Raises:
        ProtocolError: it names no authorization server, exceeds a limit, says more beside a signed approval, or
            names a parent decision other than the one its subject token comes from.

    """
    if not request.authorization_server:
        raise ProtocolError("authorization_server", "is required", reason="MISSING_FIELD")
    limits.check(request)
    for position, approval in enumerate(request.approvals):
        if approval.jws:
            _check_alone(approval, f"approvals[{position}]")
    if request.parent_decision_id and request.subject_token is not None:
        _check_parent(request.parent_decision_id, request.subject_token)
    return request


def _check_alone(approval: Approval, field: str) -> None:
    """A signed approval says everything itself; a member beside it would be the caller's word against it."""
    for member in fields(approval):
        value = getattr(approval, member.name)
        # By identity: the end 0 is equal to False, and is an end.
        if member.name != "jws" and value != "" and value is not False and value is not None:
            raise ProtocolError(f"{field}.{member.name}", "does not go with jws, which says everything itself")


def _check_parent(parent_decision_id: str, subject_token: Token) -> None:
    claims = subject_token.claims
    # Malformed claims are the policy's to deny; they name no parent that could differ.
    if claims is None or not claims.well_formed:
        return
    if claims.value.get("decision_id") != parent_decision_id:
        raise ProtocolError("parent_decision_id", "differs from the subject token's decision_id")


def claims_of(parsed: JsonText) -> JsonText:
    """Return *parsed* claims; a claims set that is no object is not well-formed (RFC 7519, section 4)."""
    return parsed if isinstance(parsed.value, dict) else replace(parsed, well_formed=False)


def lifetime_of(value: Any) -> Any:
    """Return a requested lifetime with whole numbers up to 2^53 as integers, whatever JSON value it is.

    A number that is not finite becomes a string: denied like every lifetime that is no whole number, and
    still JSON.
    """
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return str(value)
    return int(value) if value.is_integer() and abs(value) <= MAX_INTEGER else value
