"""Tokens that the realm never issued, made of one that it did."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from keycloak_world import World, claims


def changed_signature(token: str) -> str:
    """Give *token* with one bit of its signature flipped."""
    body, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[0] ^= 1
    return f"{body}.{_text(bytes(raw))}"


def changed_claims(token: str) -> str:
    """Give *token* with more scope under the signature of the old one."""
    header, _, signature = token.split(".")
    return f"{header}.{_part({**claims(token), 'scope': 'orders:delete'})}.{signature}"


def other_key(token: str) -> str:
    """Give the claims of *token*, signed by a key that calls itself the realm's."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(token), key, "RS256", headers={"kid": jwt.get_unverified_header(token)["kid"]})


def public_key_as_secret(world: World, token: str) -> str:
    """Give the claims of *token*, authenticated with the realm's public key as if that were a secret."""
    kid = jwt.get_unverified_header(token)["kid"]
    answer: Any = world.keys()[kid]
    head = _part({"alg": "HS256", "typ": "JWT", "kid": kid}) + "." + _part(claims(token))
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    number = answer.key.public_numbers().n
    return f"{head}.{_text(mac.sign(head.encode(), number.to_bytes((number.bit_length() + 7) // 8)))}"


def no_algorithm(token: str) -> str:
    """Give the claims of *token* without any signature."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims(token))}."


def spiffe_token(spiffe_id: str, audience: str) -> str:
    """Give a JWT-SVID that nobody here can verify."""
    key, now = rsa.generate_private_key(public_exponent=65537, key_size=2048), int(time.time())
    document = {"sub": spiffe_id, "aud": [audience], "iat": now, "exp": now + 300}
    return jwt.encode(document, key, "RS256", headers={"kid": "svid-1"})


def _part(document: dict[str, Any]) -> str:
    return _text(json.dumps(document).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
