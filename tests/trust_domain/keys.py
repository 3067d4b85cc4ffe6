"""Private keys that are made from their name, so that every run has the same ones. They protect nothing."""

from __future__ import annotations

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

# FIPS 186-5: the order of P-256, below which a private key is; it is lower than those of the other curves.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


def ec_key(name: str, curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """Give the key of *name* on *curve*."""
    number = int.from_bytes(hashlib.shake_256(f"{curve} {name}".encode()).digest(40)) % (_ORDER - 1) + 1
    return ec.derive_private_key(number, _CURVES[curve])


def ed25519_key(name: str) -> ed25519.Ed25519PrivateKey:
    """Give the key of *name*, of a kind that no SVID is signed with."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Give the key of *name*; another one in every run, since its primes cannot be derived as simply."""
    return rsa.generate_private_key(65537, bits)
