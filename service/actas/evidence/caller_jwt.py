"""JWTs by which callers are known (RFC 7519, RFC 8725): one issuer, one subject, one audience, and an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actas import claims_grammar
from actas.evidence.jws import UnverifiedError, UnverifiedToken, read, verify
from actas.evidence.keys import TrustedIssuer

# RFC 8725, section 3.11: what is signed for another purpose says so. Access tokens and plain JWTs authenticate callers.
_TYPES = frozenset({"", "jwt", "at+jwt"})
_SKEW_SECONDS = 30
# A token that lives longer is as good as a password.
MAX_LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class UnverifiedCaller:
    """Who a token says that its bearer is."""

    token: UnverifiedToken
    issuer: str
    subject: str


def said_by(text: str) -> UnverifiedCaller | None:
    """Read who the bearer of *text* says that it is; None where that is no JWT or names nobody."""
    try:
        token = read(text)
    except UnverifiedError:
        return None
    issuer, subject = token.claims.get("iss"), token.claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return None
    return UnverifiedCaller(token, issuer, subject)


def verified_until(said: UnverifiedCaller, keys: TrustedIssuer, audience: str, *, now: float) -> float | None:
    """Say until when it is true, in seconds since the epoch: signed by *keys*, for *audience*, and in time *now*."""
    try:
        claims = verify(said.token, keys, typ=_TYPES)
    except UnverifiedError:
        return None
    if audience not in claims_grammar.audiences(claims.get("aud")):
        return None
    return _end(claims, now)


def _end(claims: Mapping[str, Any], now: float) -> float | None:
    expires: Any = claims.get("exp")
    begins = [claims[name] for name in ("iat", "nbf") if name in claims]
    if not claims_grammar.is_numeric_date(expires) or not all(map(claims_grammar.is_numeric_date, begins)):
        return None
    if any(begin > now + _SKEW_SECONDS for begin in begins) or not now < expires + _SKEW_SECONDS:
        return None
    if expires > now + MAX_LIFETIME_SECONDS + _SKEW_SECONDS:
        return None
    return float(expires) + _SKEW_SECONDS
