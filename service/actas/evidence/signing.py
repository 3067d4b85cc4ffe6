"""Making signed tokens: approvals, which the service never does, and the checkpoints of its receipts."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwk, jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from actas import strict_json
from actas.errors import ProtocolError
from actas.evidence.approvals import TYP
from actas.evidence.keys import MAX_KEYS_BYTES, algorithms_of

PrivateKey = ECKey | OKPKey | RSAKey
# Of several that a key fits, the one that is best known where it is not the weaker one.
_PREFERRED = ("ES256", "ES384", "ES512", "EdDSA", "PS256")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with the name and the algorithm that it signs under."""

    key: PrivateKey = field(repr=False)
    kid: str
    algorithm: str

    def sign_approval(self, claims: Mapping[str, Any]) -> str:
        """Give *claims* as a signed approval."""
        return self.sign(claims, typ=TYP)

    def sign(self, claims: Mapping[str, Any], *, typ: str) -> str:
        """Give *claims* as a signed token of type *typ* (RFC 7515, compact form)."""
        header = {"typ": typ, "alg": self.algorithm, "kid": self.kid}
        registry = JWSRegistry(algorithms=[self.algorithm])
        with warnings.catch_warnings():
            # RFC 9864 prefers the name Ed25519, which few verifiers know yet.
            warnings.simplefilter("ignore", SecurityWarning)
            return jws.serialize_compact(header, strict_json.dumps(dict(claims)), self.key, registry=registry)

    def public_keys(self) -> str:
        """Give the JWK set that a registry names as `jwks_file`."""
        public = {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig", "alg": self.algorithm}
        return json.dumps({"keys": [public]}, indent=2) + "\n"

    def pem(self) -> bytes:
        """Give the private key as PEM (PKCS #8), not encrypted."""
        return self.key.as_pem(private=True)


def new_key() -> SigningKey:
    """Make a key for ES256, named by its thumbprint (RFC 7638)."""
    key = ECKey.generate_key("P-256")
    return SigningKey(key, key.thumbprint(), "ES256")


def load_key(text: bytes, kid: str = "") -> SigningKey:
    """Read a private key, PEM or JWK; without *kid* its own, else its thumbprint names it.

    Raises:
        ValueError: a sentence that never quotes the key.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of a weak key, which is refused below
            key = _from_jwk(text) if text.lstrip()[:1] == b"{" else _from_pem(text)
        able = algorithms_of(key)
    except UnfitKeyError:
        raise
    except Exception:  # what the libraries' parsers raise is not one kind, and may quote the key
        raise UnfitKeyError("is no private key in PEM or JWK form, or it has a password") from None
    if not key.is_private:
        raise UnfitKeyError("is a public key: only the private one can sign")
    if not able:
        raise UnfitKeyError("is too weak, or of a kind that nothing is signed with here")
    return SigningKey(key, kid or key.kid or key.thumbprint(), next(name for name in _PREFERRED if name in able))


class UnfitKeyError(ValueError):
    """A sentence that may be shown."""


def _from_jwk(text: bytes) -> PrivateKey:
    try:
        parsed = strict_json.parse(text, "", max_bytes=MAX_KEYS_BYTES, max_depth=8)
    except ProtocolError:
        raise UnfitKeyError("is no JSON") from None
    if not isinstance(parsed.value, dict) or not parsed.well_formed or "keys" in parsed.value:
        raise UnfitKeyError("is not one JWK")
    key = jwk.import_key(parsed.value)
    if isinstance(key, OctKey):
        raise UnfitKeyError("is symmetric: what is signed here is signed with a private key")
    return key


def _from_pem(text: bytes) -> PrivateKey:
    if b"PUBLIC KEY" in text:
        raise UnfitKeyError("is a public key: only the private one can sign")
    loaded = load_pem_private_key(text, password=None)
    if isinstance(loaded, EllipticCurvePrivateKey):
        return ECKey.import_key(text)
    if isinstance(loaded, RSAPrivateKey):
        return RSAKey.import_key(text)
    if isinstance(loaded, Ed25519PrivateKey):
        return OKPKey.import_key(text)
    raise UnfitKeyError("is of a kind that nothing is signed with here")
