"""What an authorization server does around a decision: it describes the tokens, asks, and issues within the limits.

It is the smallest one that tells the story: nothing is signed, and a token is the mapping of its claims.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actas.decision import Decision
from actas.document import from_document
from actas.request import ACCESS_TOKEN, TOKEN_EXCHANGE, ExchangeRequest

ISSUER = "https://auth.example.com"
TRUST_DOMAIN = "example.org"
JWT = "urn:ietf:params:oauth:token-type:jwt"
PASSWORD = "urn:example:acr:pwd"  # noqa: S105 - an authentication class, not a password
STRONG = "urn:actas:acr:mfa"
LOGIN_SECONDS = 3600

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """An agent or service: the OAuth client that it is, and the path of its SPIFFE ID."""

    client_id: str
    path: str

    @property
    def spiffe_id(self) -> str:
        """Its workload identity."""
        return f"spiffe://{TRUST_DOMAIN}/{self.path}"


def login(
    user: str,
    first: Party,
    scope: str,
    *,
    acr: str = PASSWORD,
    seconds_ago: int = 60,
    details: Sequence[Any] = (),
) -> Claims:
    """Log *user* in and issue the token with which *first*, and nobody else, may act (RFC 8693, section 4.4)."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": user,
        "aud": [first.client_id],
        "client_id": "chat",
        "iat": now,
        "exp": now + LOGIN_SECONDS,
        "jti": str(uuid.uuid4()),
        "scope": scope,
        "acr": acr,
        "auth_time": now - seconds_ago,
        "may_act": {"sub": first.spiffe_id},
    }
    return claims | ({"authorization_details": list(details)} if details else {})


def exchange(
    subject: Claims,
    actor: Party,
    target: str,
    scope: str,
    *,
    lifetime: int | None = None,
    changes: Mapping[str, Any] | None = None,
) -> ExchangeRequest:
    """Describe what *actor* asks for at the token endpoint: act on *subject* at *target*.

    *lifetime* is in seconds. *changes* replace members of the request; those of a token are merged into it.
    """
    document: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "authorization_server": ISSUER,
        "grant_type": TOKEN_EXCHANGE,
        "client": {"client_id": actor.client_id, "authenticated": True, "confidential": True},
        "subject_token": {
            "token_type": ACCESS_TOKEN,
            "verified": True,
            "header": {"typ": "at+jwt", "alg": "ES256"},
            "claims": dict(subject),
        },
        "actor_token": _svid(actor),
        "actor_workload": {"spiffe_id": actor.spiffe_id},
        "resource": [target],
        "scope": scope,
        "requested_lifetime": lifetime,
    }
    for name, change in (changes or {}).items():
        known = document.get(name)
        document[name] = known | change if isinstance(known, dict) and isinstance(change, dict) else change
    return from_document(document)


def issue(decision: Decision, request: ExchangeRequest, subject: Claims) -> Claims:
    """Issue the token that *decision* allows: never more than its limits, its `act` verbatim."""
    limits, linked = decision.limits, decision.issue_claims
    if limits is None or linked is None:
        raise ValueError("nothing may be issued on this decision")
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": subject["sub"],
        "aud": list(limits.audience),
        "client_id": request.client.client_id,
        "iat": now,
        "exp": min(now + limits.max_lifetime_seconds, limits.not_after),
        "jti": str(uuid.uuid4()),
        "scope": " ".join(limits.scope),
        "act": decision.act,
        "decision_id": linked.decision_id,
        "txn": linked.txn,
    }
    # How the user logged in stays what it was: an exchange is no login.
    return claims | {name: subject[name] for name in ("acr", "auth_time") if name in subject}


def approval(approver: str, user: str, actor: Party, target: str, scope: str) -> dict[str, Any]:
    """Give *approver*'s approval, as the authorization server found it in its own records."""
    return {
        "id": str(uuid.uuid4()),
        "verified": True,
        "status": "approved",
        "subject": user,
        "actor": actor.client_id,
        "client_id": actor.client_id,
        "target": target,
        "scope": scope,
        "approver": approver,
        "approved_until": int(time.time()) + 600,
    }


def _svid(actor: Party) -> dict[str, Any]:
    now = int(time.time())
    return {
        "token_type": JWT,
        "verified": True,
        "kind": "jwt_svid",
        "bundle_trust_domain": TRUST_DOMAIN,
        "header": {"typ": "JWT", "alg": "ES256", "kid": "k1"},
        "claims": {"sub": actor.spiffe_id, "aud": [ISSUER], "iat": now, "exp": now + 300},
    }
