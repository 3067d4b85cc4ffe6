"""A signed token in compact form, read without trust and then verified (RFC 7515, RFC 8725)."""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry

from actas import strict_json
from actas.errors import ProtocolError
from actas.evidence.keys import TrustedIssuer

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 32
# Members that change how the token is to be read (RFC 7515, section 4.1.11; RFC 7797, section 3). Keys that a token
# brings or points to (jku, jwk, x5u, x5c) are not looked at: its issuer's keys stand in the registry.
_NOT_UNDERSTOOD = frozenset({"crit", "b64"})


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
    if _NOT_UNDERSTOOD & header.keys() or not isinstance(kid, str) or not isinstance(said, str):
        raise UnverifiedError
    # RFC 7515, section 4.1.9: the case does not matter, and `application/` may be left out.
    if said.lower().removeprefix("application/") not in allowed:
        raise UnverifiedError
    key = issuer.keys.get(kid)
    if key is None or not isinstance(algorithm, str) or algorithm not in issuer.algorithms & key.algorithms:
        raise UnverifiedError
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    try:
        with warnings.catch_warnings():
            # RFC 9864 prefers the name Ed25519; the registry decides whether the old one is taken.
            warnings.simplefilter("ignore", SecurityWarning)
            jws.deserialize_compact(unverified.text, key.key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise UnverifiedError from None
    return unverified.claims


def _object(part: str) -> Mapping[str, Any]:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        parsed = strict_json.parse(decoded, "", max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    except (ValueError, ProtocolError):
        raise UnverifiedError from None
    if not parsed.well_formed or not isinstance(parsed.value, dict):
        raise UnverifiedError
    return parsed.value
