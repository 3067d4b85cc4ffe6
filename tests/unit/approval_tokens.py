"""Signed approvals for tests: right ones, and every kind of wrong one, byte by byte."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from actas.evidence.keys import TrustedIssuer, read_keys

ISSUER, OTHER = "https://approvals.example.com", "https://other.example.com"
NOW = 1_800_000_000
ALL = frozenset({"ES256", "RS256", "PS256"})

EC, STRANGER, RSA = ECKey.generate_key("P-256"), ECKey.generate_key("P-256"), RSAKey.generate_key(2048)
HEADER: dict[str, Any] = {"typ": "actas-approval+jwt", "alg": "ES256", "kid": "k1"}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "actas",
    "jti": "apr-1",
    "iat": NOW - 10,
    "exp": NOW + 240,
    "approver": "manager",
    "subject": "alice",
    "actor": "spiffe://example.org/agent/mail",
    "client_id": "agent-mail",
    "target": "https://mail.example.com/",
    "scope": "mail.delete",
}


def jwk_set(**keys: Any) -> bytes:
    """Give the public JWK set of *keys* by kid."""
    members = [{**key.as_dict(private=False), "kid": kid} for kid, key in keys.items()]
    return json.dumps({"keys": members}).encode()


def issuer(algorithms: frozenset[str] = ALL, **keys: Any) -> TrustedIssuer:
    """Give an issuer with *keys*, by default an EC key `k1` and an RSA key `r1`."""
    return TrustedIssuer(read_keys(jwk_set(**(keys or {"k1": EC, "r1": RSA})), algorithms), algorithms)


def encode(part: bytes) -> str:
    """Give base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def assembled(header: bytes, payload: bytes, key: Any = EC, algorithm: str = "ES256") -> str:
    """Sign the very bytes of *header* and *payload*."""
    message = f"{encode(header)}.{encode(payload)}"
    signature = JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).sign(message.encode(), key)
    return f"{message}.{encode(signature)}"


def signed(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, key: Any = EC) -> str:
    """Sign a right approval with *claims* and *header* changed; None takes a member away."""
    parts = [
        {name: value for name, value in {**base, **(changes or {})}.items() if value is not None}
        for base, changes in ((HEADER, header), (CLAIMS, claims))
    ]
    algorithm = parts[0].get("alg", "ES256")
    return assembled(json.dumps(parts[0]).encode(), json.dumps(parts[1]).encode(), key, algorithm)


def unsigned(**header: Any) -> str:
    """Give a right approval whose algorithm is `none`."""
    return f"{encode(json.dumps({**HEADER, 'alg': 'none', **header}).encode())}.{encode(json.dumps(CLAIMS).encode())}."


def confused() -> str:
    """Give an approval that is signed with the bytes of the RSA public key as an HMAC secret."""
    header = {**HEADER, "alg": "HS256", "kid": "r1"}
    message = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(CLAIMS).encode())}"
    secret = RSA.as_pem(private=False)
    return f"{message}.{encode(hmac.new(secret, message.encode(), hashlib.sha256).digest())}"
