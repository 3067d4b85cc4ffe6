"""Signed approvals: a human's approval as a JWS of an issuer that the registry trusts (contract.md, section 1).

One that is not right in every respect stays as it came, not verified, and policy denies it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from actas import claims_grammar, scope, strict_json
from actas.errors import ProtocolError
from actas.evidence.jws import UnverifiedError, read, verify
from actas.evidence.keys import TrustedIssuer
from actas.evidence.ticket import Ticket
from actas.request import Approval, ExchangeRequest, JsonText

TYP = "actas-approval+jwt"
DEFAULT_AUDIENCE = "actas"
# An approval answers one question that was just asked. It also bounds how long its use has to be remembered.
MAX_LIFETIME_SECONDS = 24 * 3600
TEXT_CLAIMS = ("jti", "approver", "subject", "actor", "client_id", "target", "scope")
MAX_DETAILS_BYTES, MAX_DETAILS_DEPTH = 64 * 1024, 64


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an approval is held against. Times are seconds since the epoch.

    `since` is when this service began to remember which approvals were used.
    """

    audience: str
    now: float
    skew: int
    since: float


def verified(
    request: ExchangeRequest, issuers: Mapping[str, TrustedIssuer], at: Circumstances
) -> tuple[ExchangeRequest, dict[int, Ticket]]:
    """Give *request* with its signed approvals as far as they can be verified, and the ticket of each by position."""
    approvals, tickets = list(request.approvals), {}
    for position, approval in enumerate(request.approvals):
        if approval.jws:
            try:
                approvals[position], tickets[position] = _verified(approval.jws, issuers, at)
            except UnverifiedError:
                continue
    return replace(request, approvals=tuple(approvals)), tickets


def _verified(text: str, issuers: Mapping[str, TrustedIssuer], at: Circumstances) -> tuple[Approval, Ticket]:
    unverified = read(text)
    name = unverified.claims.get("iss")
    issuer = issuers.get(name) if isinstance(name, str) else None
    if issuer is None:
        raise UnverifiedError
    claims = verify(unverified, issuer, typ=TYP)
    until = _end(claims, at)
    texts = {claim: claims.get(claim) for claim in TEXT_CLAIMS}
    if claims.get("aud") not in (at.audience, [at.audience]) or not all(map(claims_grammar.is_name, texts.values())):
        raise UnverifiedError
    approval_id, words = str(texts.pop("jti")), {claim: str(value) for claim, value in texts.items()}
    if not scope.is_well_formed(words["scope"]):
        raise UnverifiedError
    approval = Approval(
        id=approval_id,
        verified=True,
        status="approved",
        approved_until=until,
        authorization_details=_details(claims),
        jws=text,
        **words,
    )
    return approval, Ticket(str(name), approval_id, until + at.skew + 1)


def _end(claims: Mapping[str, Any], at: Circumstances) -> int:
    """Give the end of the approval in whole seconds.

    The clock's tolerance is for what begins and ends elsewhere. It is not for `iat`: an approval that was used up
    before this service started is told from a new one by that alone.
    """
    issued, expires = claims.get("iat", ""), claims.get("exp", "")
    starts = claims.get("nbf", issued)
    if not all(map(claims_grammar.is_numeric_date, (issued, expires, starts))):
        raise UnverifiedError
    in_time = at.since <= issued <= at.now and starts <= at.now + at.skew and at.now - at.skew < expires
    if not in_time or not 0 < expires - issued <= MAX_LIFETIME_SECONDS:
        raise UnverifiedError
    return math.floor(expires) if isinstance(expires, float) else int(expires)


def _details(claims: Mapping[str, Any]) -> JsonText | None:
    if "authorization_details" not in claims:
        return None
    try:
        details = strict_json.from_tree(
            claims["authorization_details"], "", max_bytes=MAX_DETAILS_BYTES, max_depth=MAX_DETAILS_DEPTH
        )
    except ProtocolError:
        raise UnverifiedError from None
    if not claims_grammar.are_details(details):
        raise UnverifiedError
    return details
