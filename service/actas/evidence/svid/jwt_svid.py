"""JWT-SVIDs, read without trust and then verified with the keys of their own trust domain (JWT-SVID, sections 2 to 6)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from actas import claims_grammar, spiffe, strict_json, token_form
from actas.errors import ProtocolError
from actas.evidence.keys import VerificationKey
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.proof import Problem
from actas.request import JsonText
from actas.spiffe import SpiffeId

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 64
_HEADER = frozenset({"alg", "kid", "typ"})
# A token that names no key may be any key's; so many are tried.
_MOST_TRIED = 16


@dataclass(frozen=True, slots=True)
class UnverifiedJwtSvid:
    """What a JWT-SVID says, while nothing shows that it is true."""

    text: str = field(repr=False)
    header: Mapping[str, Any]
    claims: JsonText = field(repr=False)

    @property
    def spiffe_id(self) -> SpiffeId:
        """The workload that it names; raises SvidError when it names none (JWT-SVID, section 3.1)."""
        named = spiffe.parse(self.claims.value.get("sub"))
        if named is None or not named.is_workload:
            raise SvidError(Problem.MALFORMED)
        return named


def read(text: str) -> UnverifiedJwtSvid:
    """Read the compact form; raises SvidError when it is malformed or ambiguous."""
    parts = _COMPACT.fullmatch(text)
    if parts is None or len(text) > _MAX_BYTES:
        raise SvidError(Problem.MALFORMED)
    return UnverifiedJwtSvid(text, _object(parts[1]).value, _object(parts[2]))


def verify(unverified: UnverifiedJwtSvid, bundle: TrustBundle) -> None:
    """See that a key of *bundle*, which is of the SVID's trust domain, signed it; raises SvidError.

    Its form is checked, too. Whether it is for us and in time is not: policy asks that of a token.
    """
    header, claims = unverified.header, unverified.claims.value
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in token_form.SVID_ALGORITHMS:
        raise SvidError(Problem.ALGORITHM)
    if header.keys() - _HEADER or token_form.jose_typ(header) not in ("", "jwt", "jose"):
        raise SvidError(Problem.MALFORMED)
    if not claims_grammar.audiences(claims.get("aud")) or not claims_grammar.is_numeric_date(claims.get("exp")):
        raise SvidError(Problem.MALFORMED)
    keys = list(_candidates(bundle, header))
    if not keys:
        raise SvidError(Problem.KEY_UNKNOWN)
    able = [key for key in keys if algorithm in key.algorithms]
    if not able:
        raise SvidError(Problem.ALGORITHM)
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    if not any(_signed(unverified.text, key, registry) for key in able):
        raise SvidError(Problem.SIGNATURE)


def check_use(claims: Mapping[str, Any], *, audience: str, now: float, skew: int) -> None:
    """See that an SVID that is evidence beside the tokens is in time, and for *audience* alone; raises SvidError.

    Times are in seconds. Of a token policy asks the same.
    """
    starts = [claims[name] for name in ("nbf", "iat") if name in claims]
    if not all(map(claims_grammar.is_numeric_date, starts)):
        raise SvidError(Problem.MALFORMED)
    if claims["exp"] <= now - skew or any(start > now + skew for start in starts):
        raise SvidError(Problem.EXPIRED)
    if claims_grammar.audiences(claims.get("aud")) != [audience]:
        raise SvidError(Problem.AUDIENCE)


def _candidates(bundle: TrustBundle, header: Mapping[str, Any]) -> Iterator[VerificationKey]:
    """JWT-SVID, section 2.2: kid is optional."""
    if "kid" not in header:
        yield from list(bundle.jwt_keys.values())[:_MOST_TRIED]
    elif isinstance(header["kid"], str) and header["kid"] in bundle.jwt_keys:
        yield bundle.jwt_keys[header["kid"]]


def _signed(text: str, key: VerificationKey, registry: JWSRegistry) -> bool:
    try:
        jws.deserialize_compact(text, key.key, registry=registry)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _object(part: str) -> JsonText:
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        parsed = strict_json.parse(decoded, "", max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    except (ValueError, ProtocolError):
        raise SvidError(Problem.MALFORMED) from None
    if not parsed.well_formed or not isinstance(parsed.value, dict):
        raise SvidError(Problem.MALFORMED)
    return parsed
