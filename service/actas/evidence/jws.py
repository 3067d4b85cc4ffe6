"""A signed token in compact form, read without trust and then verified (RFC 7515, RFC 8725)."""

from __future__ import annotations

import binascii
import hashlib
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry

from actas import strict_json
from actas.errors import ProtocolError
from actas.evidence.keys import TrustedIssuer, VerificationKey

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 32
_MOST_SEEN = 1024
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# What a text of base64url may end with, by how many characters it has beyond whole groups of four.
_LAST = {1: "", 2: _ALPHABET[::16], 3: _ALPHABET[::4]}
# The characters that are only of base64 become one that is of neither. Bytes take a tenth of the time of text.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
# Members that change how the token is to be read (RFC 7515, section 4.1.11; RFC 7797, section 3). Keys that a token
# brings or points to (jku, jwk, x5u, x5c) are not looked at: its issuer's keys stand in the registry.
NOT_UNDERSTOOD = frozenset({"crit", "b64"})


class UnverifiedError(Exception):
    """The token proves nothing. It never says why: whoever forges one would learn from it."""


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token says, while nothing shows that it is true."""

    text: str = field(repr=False)
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read(text: str) -> UnverifiedToken:
    """Read the compact form; raises UnverifiedError when it is malformed or ambiguous."""
    parts = _COMPACT.fullmatch(text)
    if parts is None:
        raise UnverifiedError
    return UnverifiedToken(text, _object(parts[1]), _object(parts[2]))


def verify(unverified: UnverifiedToken, issuer: TrustedIssuer, *, typ: str | Collection[str]) -> Mapping[str, Any]:
    """Give the claims of a token of type *typ* that a key of *issuer* signed; raises UnverifiedError.

    Where there are several types, one may be empty: a token that does not say its type.
    """
    header, allowed = unverified.header, (typ,) if isinstance(typ, str) else typ
    kid, algorithm, said = header.get("kid"), header.get("alg"), header.get("typ", "")
    if NOT_UNDERSTOOD & header.keys() or not isinstance(kid, str) or not isinstance(said, str):
        raise UnverifiedError
    # RFC 7515, section 4.1.9: the case does not matter, and `application/` may be left out.
    if said.lower().removeprefix("application/") not in allowed:
        raise UnverifiedError
    key = issuer.keys.get(kid)
    if key is None or not isinstance(algorithm, str) or algorithm not in issuer.algorithms & key.algorithms:
        raise UnverifiedError
    if not is_signed_by(unverified.text, key, algorithm):
        raise UnverifiedError
    return unverified.claims


def is_signed_by(text: str, key: VerificationKey, algorithm: str) -> bool:
    """Whether the compact form *text* carries a signature of *key*, by an *algorithm* that is the key's own.

    The same text is not computed again: a key remembers what it has verified.
    """
    digest = hashlib.sha256(text.encode()).digest()
    if digest in key.seen:
        return True
    message, _, part = text.rpartition(".")
    signature = decoded(part)
    if signature is None or algorithm not in key.algorithms:
        return False
    try:
        if not _computation(algorithm)(message.encode(), signature, key.key):
            return False
    except (JoseError, ValueError, TypeError):
        return False
    if len(key.seen) >= _MOST_SEEN:
        del key.seen[next(iter(key.seen))]
    key.seen[digest] = None
    return True


@cache
def _computation(algorithm: str) -> Callable[[bytes, bytes, Any], bool]:
    with warnings.catch_warnings():
        # RFC 9864 prefers the name Ed25519; the registry decides whether the old one is taken.
        warnings.simplefilter("ignore", SecurityWarning)
        return JWSRegistry(algorithms=[algorithm]).get_alg(algorithm).verify


def decoded(part: str) -> bytes | None:
    """Decode base64url without padding (RFC 7515, section 2); None where it is none, or not the only form of it."""
    over = len(part) % 4
    # Unused bits that are set would give one signature several forms.
    if over and part[-1] not in _LAST[over]:
        return None
    try:
        data = part.encode("ascii").translate(_TO_BASE64)
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
    except ValueError:
        return None


def _object(part: str) -> Mapping[str, Any]:
    text = decoded(part)
    if text is None:
        raise UnverifiedError
    try:
        parsed = strict_json.parse(text, "", max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    except ProtocolError:
        raise UnverifiedError from None
    if not parsed.well_formed or not isinstance(parsed.value, dict):
        raise UnverifiedError
    return parsed.value
