"""Security events: an issuer tells that a session is over, or that claims have changed (RFC 8417, SSF 1.0, CAEP 1.0).

One that is not right in every respect changes nothing, and whoever sent it learns that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actas import claims_grammar
from actas.errors import ProtocolError
from actas.evidence.event_subjects import Named, named_by
from actas.evidence.jws import UnverifiedError, read, verify
from actas.evidence.keys import TrustedIssuer
from actas.revocation.entry import parse

TYP = "secevent+jwt"
SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
CLAIMS_CHANGE = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"
FIELD = "security_event_token"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """A verified event: who tells it under which id, and what it revokes."""

    issuer: str
    id: str
    entries: tuple[dict[str, Any], ...]


def verified(
    unverified_token: str, issuers: Mapping[str, TrustedIssuer], *, audience: str, now: float, skew: int
) -> SecurityEvent:
    """Verify *unverified_token* as an event for *audience* from one of *issuers*; times are in seconds.

    Raises:
        ProtocolError: INVALID_ARGUMENT with the reason SET_REJECTED; the message says what is wrong.

    """
    claims = _authentic(unverified_token, issuers)
    for forbidden in ("sub", "exp"):
        # RFC 8417, section 2.2, and SSF 1.0: neither may be there, so that nothing takes an event for another token.
        if forbidden in claims:
            raise rejected(f"has the claim {forbidden}, which no event has")
    if audience not in claims_grammar.audiences(claims.get("aud")):
        raise rejected(f"is for somebody else: its aud does not name {audience}")
    if not claims_grammar.is_name(claims.get("jti")):
        raise rejected("has no jti")
    kind, event = _event(claims)
    at = event.get("event_timestamp", claims.get("iat"))
    if not all(map(claims_grammar.is_numeric_date, (claims.get("iat"), at))):
        raise rejected("does not say when: iat, and event_timestamp if it is there, are seconds since the epoch")
    if min(claims["iat"], at) < 0:
        # What no list of revocations could say is not taken down.
        raise rejected("is from before 1970")
    if max(claims["iat"], at) > now + skew:
        raise rejected("is from the future")
    return SecurityEvent(claims["iss"], claims["jti"], _entries(kind, event, claims, at))


def rejected(message: str) -> ProtocolError:
    """Give the error for an event that is not taken in."""
    return ProtocolError(FIELD, message, reason="SET_REJECTED")


def _authentic(text: str, issuers: Mapping[str, TrustedIssuer]) -> Mapping[str, Any]:
    try:
        unverified = read(text)
        name = unverified.claims.get("iss")
        issuer = issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise UnverifiedError
        return verify(unverified, issuer, typ=TYP)
    except UnverifiedError:
        raise rejected(f"is no {TYP} that an issuer with the role events has signed") from None


def _event(claims: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise rejected("must have exactly one event (SSF 1.0)")
    ((kind, event),) = events.items()
    if kind not in (SESSION_REVOKED, CLAIMS_CHANGE):
        raise rejected("is of a type that is not taken in: known are session-revoked and token-claims-change")
    if not isinstance(event, dict):
        raise rejected("has an event that is no object")
    return kind, event


def _entries(kind: str, event: Mapping[str, Any], claims: Mapping[str, Any], at: float) -> tuple[dict[str, Any], ...]:
    subject = claims.get("sub_id", event.get("subject"))
    if event.get("subject", subject) != subject:
        raise rejected("names two subjects, in sub_id and in the event")
    try:
        found = named_by(subject, issuer=claims["iss"])
        about = [_session(named) if kind == SESSION_REVOKED else _change(named, event) for named in found]
        return tuple(parse({**entry, "event_timestamp": at}) for entry in about)
    except ValueError as error:
        raise rejected(str(error)) from None


def _session(named: Named) -> dict[str, Any]:
    if "jti" in named:
        return {"kind": "jti", **named}
    return {"kind": "subject" if "sub" in named else "session", **named}


def _change(named: Named, event: Mapping[str, Any]) -> dict[str, Any]:
    if "sid" in named:
        raise ValueError("tells the changed claims of a session: name the subject or the token")
    return {"kind": "claims", "claims": event.get("claims"), **named}
