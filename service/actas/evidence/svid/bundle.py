"""The bundle of one trust domain: what its SVIDs are verified with (SPIFFE Trust Domain and Bundle, section 4)."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from joserfc import jwk
from joserfc.errors import SecurityWarning
from joserfc.jwk import OctKey

from actas import strict_json
from actas.errors import ProtocolError
from actas.evidence.keys import VerificationKey, algorithms_of
from actas.token_form import SVID_ALGORITHMS

_MAX_DEPTH = 8
_MAX_KEYS = 1000
_MAX_SEQUENCE = 2**64
# RFC 7517, section 4: only what the key itself is; `use` and the like are judged here.
_KEY_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """The keys of *trust_domain*, by which its own SVIDs are known and nobody else's.

    `sequence` grows with every change, `refresh_hint` is in seconds; either may be unknown.
    """

    trust_domain: str
    roots: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    jwt_keys: Mapping[str, VerificationKey] = field(default_factory=dict, repr=False)
    sequence: int | None = None
    refresh_hint: int | None = None

    @property
    def usable(self) -> bool:
        """Whether there is any key; a bundle without one revokes all that were there (section 4.1.3)."""
        return bool(self.roots or self.jwt_keys)


def read_bundle(trust_domain: str, text: bytes, *, max_bytes: int) -> TrustBundle:
    """Read a SPIFFE bundle document as that of *trust_domain*, whatever it says itself.

    Entries of an unknown type or use are ignored, as section 4.1.3 demands; what is malformed is not.

    Raises:
        ValueError: a sentence that says what is wrong, and quotes nothing but a key's position.

    """
    try:
        parsed = strict_json.parse(text, "", max_bytes=max_bytes, max_depth=_MAX_DEPTH)
    except ProtocolError as error:
        raise ValueError(f"is no SPIFFE bundle: {error.message}") from None
    document = parsed.value
    members = document.get("keys") if isinstance(document, dict) and parsed.well_formed else None
    if not isinstance(members, list) or len(members) > _MAX_KEYS:
        raise ValueError("is no SPIFFE bundle: an object with keys, each member once")
    roots: list[x509.Certificate] = []
    jwt_keys: dict[str, VerificationKey] = {}
    for position, member in enumerate(members, 1):
        try:
            roots += _roots(member)
            for kid, key in _jwt_keys(member):
                if kid in jwt_keys:
                    raise ValueError("has the kid of another key")
                jwt_keys[kid] = key
        except ValueError as error:
            raise ValueError(f"key {position} {error}") from None
    sequence, hint = (_count(document, name) for name in ("spiffe_sequence", "spiffe_refresh_hint"))
    return TrustBundle(trust_domain, tuple(roots), jwt_keys, sequence, hint)


def verification_key(member: Mapping[str, Any]) -> VerificationKey | None:
    """Give the key of a JWK, None when JWT-SVIDs cannot be signed with its kind (JWT-SVID, section 2.1)."""
    if member.get("kty") not in ("EC", "RSA"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of a weak key, which has no algorithm below
            key = jwk.import_key({name: value for name, value in member.items() if name in _KEY_MEMBERS})
        able = frozenset() if isinstance(key, OctKey) else algorithms_of(key) & SVID_ALGORITHMS
    except Exception:  # what the library's parsers raise is not one kind, and may quote the key
        raise ValueError("is no valid key") from None
    return VerificationKey(key, able) if able else None


def _roots(member: Any) -> Iterator[x509.Certificate]:
    """X509-SVID, section 6.2: the first value of x5c counts, and an entry without one is ignored."""
    if not isinstance(member, dict):
        raise ValueError("is no object")  # noqa: TRY004 - whatever is wrong with a bundle is one kind of error
    chain = member.get("x5c")
    if member.get("use") != "x509-svid" or not isinstance(member.get("kty"), str) or not chain:
        return
    try:
        yield x509.load_der_x509_certificate(base64.b64decode(chain[0], validate=True))
    except Exception:  # what the library's parser raises is not one kind
        raise ValueError("has no certificate in x5c") from None


def _jwt_keys(member: Mapping[str, Any]) -> Iterator[tuple[str, VerificationKey]]:
    if member.get("use") != "jwt-svid":
        return
    if _PRIVATE & member.keys():
        raise ValueError("is a private or a symmetric key")
    key, kid = verification_key(member), member.get("kid")
    if key is None:
        return
    if not isinstance(kid, str) or not kid:
        raise ValueError("has no kid")
    yield kid, key


def _count(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get(name)
    if value is None and name not in document:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_SEQUENCE:
        raise ValueError(f"has a {name} that is no whole number of 64 bits")
    return value
