"""One-time tokens: those of an issuer whose tokens are good for one exchange (RFC 7523, section 3).

Which issuers these are is policy data, `registry.issuers.*.one_time`. A token without a `jti` cannot be told from
another, so it has no ticket and policy denies it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from actas import claims_grammar, token_form
from actas.evidence.ticket import Ticket
from actas.request import ExchangeRequest, Token

_KIND = "token"
# What is said to end later is remembered until then, the last second of the year 9999: a store counts no further.
_LATEST = 253_402_300_799


def tickets(
    request: ExchangeRequest, one_time: Mapping[str, Mapping[str, bool]], *, skew: int, since: float
) -> dict[str, Ticket]:
    """Give the ticket of each token that counts once, by the member of *request* in which it is presented.

    *one_time* maps issuers to the roles in which their tokens count once. What was issued before *since* may have been
    used before anybody remembered it, and has no ticket; *skew* is what clocks may differ, in seconds.
    """
    found = {}
    for member, role, token in (
        ("subject_token", "subject", request.subject_token),
        ("actor_token", "actor", request.actor_token),
    ):
        if token is not None and (ticket := _ticket(token, role, one_time, skew, since)) is not None:
            found[member] = ticket
    return found


def _ticket(
    token: Token, role: str, one_time: Mapping[str, Mapping[str, bool]], skew: int, since: float
) -> Ticket | None:
    claims = claims_grammar.readable(token.claims)
    # Nobody uses up what is somebody else's by inventing a token that names it.
    if claims is None or token.verified is not True:
        return None
    issuer, jti, expires = token_form.issuer(token, claims), claims.get("jti"), claims.get("exp", "")
    if not one_time.get(issuer, {}).get(role) or not claims_grammar.is_name(jti):
        return None
    if not claims_grammar.is_numeric_date(expires) or not _issued_since(claims, since + skew):
        return None
    return Ticket(issuer, str(jti), max(0, min(math.floor(expires), _LATEST) + skew + 1), _KIND)


def _issued_since(claims: Mapping[str, object], earliest: float) -> bool:
    issued = claims.get("iat")
    return earliest == -math.inf or (
        isinstance(issued, int | float) and claims_grammar.is_numeric_date(issued) and issued >= earliest
    )
