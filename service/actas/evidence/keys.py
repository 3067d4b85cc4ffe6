"""The public keys of an issuer, checked when a policy revision is activated (RFC 7517)."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwk
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from actas import strict_json
from actas.errors import ProtocolError

Key = ECKey | OctKey | OKPKey | RSAKey

MAX_KEYS_BYTES = 256 * 1024
_MAX_DEPTH = 8
_MOST_KEYS = 100
# RFC 7518, section 6: these members are those of private keys.
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth"})
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_RSA_BITS = 2048  # RFC 7518, section 3.3
_CURVES = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "P-521": frozenset({"ES512"}),
    "Ed25519": frozenset({"EdDSA", "Ed25519"}),
}


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key, and the algorithms that it can be used with; never a symmetric one.

    `seen` are digests of tokens that it has verified: an agent shows the same token again and again.
    """

    key: Key
    algorithms: frozenset[str]
    seen: dict[bytes, None] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """The keys of one issuer by `kid`, and the algorithms that the registry allows it."""

    keys: Mapping[str, VerificationKey]
    algorithms: frozenset[str]


@dataclass(frozen=True, slots=True)
class IssuerTrust:
    """How the tokens of one issuer are verified: by keys of a file, of a URL, or by asking where it introspects."""

    algorithms: frozenset[str]
    keys: Mapping[str, VerificationKey] | None = None
    jwks_uri: str = ""
    introspection: str = ""


def read_keys(text: bytes, algorithms: Collection[str]) -> dict[str, VerificationKey]:
    """Read the JWK set *text*, whose keys are for *algorithms*.

    Raises:
        ValueError: a sentence that names the key which is private, symmetric, unnamed or of no use.

    """
    keys: dict[str, VerificationKey] = {}
    for name, member in _members(text):
        try:
            kid, found = _kid(member), _key(member)
            if kid in keys:
                raise ValueError("has the kid of another key, and a kid names one key")
            if not found.algorithms & set(algorithms):
                raise ValueError("fits none of the issuer's algorithms")
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
        keys[kid] = found
    return keys


def usable_keys(text: bytes) -> dict[str, VerificationKey]:
    """Read the JWK set *text* of an issuer, which may hold keys of other uses and kinds: these are left out.

    A key without a kid has the name ``""``. A name that two keys have is left out: it names neither.

    Raises:
        ValueError: it is no JWK set, or one of too many keys.

    """
    keys: dict[str, VerificationKey] = {}
    twice = set()
    for position, (_, member) in enumerate(_members(text, least=0)):
        if position == _MOST_KEYS:
            raise ValueError(f"holds more than {_MOST_KEYS} keys")
        kid = member.get("kid", "")
        try:
            found = _key(member)
        except ValueError:
            continue
        if not isinstance(kid, str) or kid in keys:
            twice.add(kid if isinstance(kid, str) else "")
        elif found.algorithms:
            keys[kid] = found
    return {kid: key for kid, key in keys.items() if kid not in twice}


def algorithms_of(key: Key) -> frozenset[str]:
    """Give the algorithms that *key* can be used with; empty when it is too weak or of another use."""
    if isinstance(key, RSAKey):
        return _RSA if key.public_key.key_size >= _RSA_BITS else frozenset()
    return frozenset() if isinstance(key, OctKey) else _CURVES.get(key.curve_name, frozenset())


def _members(text: bytes, *, least: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        parsed = strict_json.parse(text, "", max_bytes=MAX_KEYS_BYTES, max_depth=_MAX_DEPTH)
    except ProtocolError as error:
        raise ValueError(f"is no JWK set: {error.message}") from None
    keys = parsed.value.get("keys") if isinstance(parsed.value, dict) and parsed.well_formed else None
    if not isinstance(keys, list) or len(keys) < least:
        raise ValueError("is no JWK set: an object with keys, each member once")
    for position, member in enumerate(keys, 1):
        kid = member.get("kid") if isinstance(member, dict) else None
        name = f"key {position} ({kid!r})" if isinstance(kid, str) else f"key {position}"
        yield name, member if isinstance(member, dict) else {}


def _kid(member: Mapping[str, Any]) -> str:
    kid = member.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("has no kid")
    return kid


def _key(member: dict[str, Any]) -> VerificationKey:
    if member.get("kty") == "oct":
        raise ValueError("is symmetric: whoever verifies with it could sign with it")
    if _PRIVATE & member.keys():
        raise ValueError("is a private key: only public keys belong here")
    operations = member.get("key_ops", ["verify"])
    if member.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("is not for signatures")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of a weak key, which is refused below
            key = jwk.import_key(member)
        able = algorithms_of(key)
    except Exception:  # what the library's parsers raise is not one kind, and may quote the key
        raise ValueError("is no valid key") from None
    if not able:
        raise ValueError("is too weak, or of a kind that signs nothing here")
    if "alg" in member:
        able &= {member["alg"]} if isinstance(member["alg"], str) else set()
    return VerificationKey(key, able)
