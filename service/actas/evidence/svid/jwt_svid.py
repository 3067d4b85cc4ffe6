"""JWT-SVIDs, read without trust and then verified with keys of their own trust domain (JWT-SVID, sections 2 to 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from actas import claims_grammar, spiffe, token_form
from actas.evidence import raw_token
from actas.evidence.jws import is_signed_by
from actas.evidence.keys import VerificationKey
from actas.evidence.raw_token import RawJws
from actas.evidence.svid.bundle import TrustBundle
from actas.evidence.svid.unproven import SvidError
from actas.limits import RequestLimits
from actas.proof import Problem
from actas.spiffe import SpiffeId

_HEADER = frozenset({"alg", "kid", "typ"})
# A token that names no key may be any key's; so many are tried.
_MOST_TRIED = 16


@dataclass(frozen=True, slots=True)
class UnverifiedJwtSvid:
    """What a JWT-SVID says, while nothing shows that it is true."""

    raw: RawJws
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def spiffe_id(self) -> SpiffeId:
        """The workload that it names; raises SvidError when it names none (JWT-SVID, section 3.1)."""
        named = spiffe.parse(self.claims.get("sub"))
        if named is None or not named.is_workload:
            raise SvidError(Problem.MALFORMED)
        return named


def read(text: str, name: str, limits: RequestLimits) -> UnverifiedJwtSvid:
    """Read the compact form; *name* is the part of the request that it stands in.

    Raises:
        SvidError: it is malformed or ambiguous.
        ProtocolError: it is over *limits*.

    """
    raw = raw_token.read(text, name, limits)
    claims = None if raw is None or not raw.understood else claims_grammar.readable(raw.claims)
    if raw is None or claims is None:
        raise SvidError(Problem.MALFORMED)
    return UnverifiedJwtSvid(raw, claims)


def verify(unverified: UnverifiedJwtSvid, bundle: TrustBundle) -> None:
    """See that a key of *bundle*, which is of the SVID's trust domain, signed it; raises SvidError.

    Its form is checked, too. Whether it is for us and in time is not: policy asks that of a token.
    """
    header, claims = unverified.raw.header, unverified.claims
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
    if not any(is_signed_by(unverified.raw.text, key, algorithm) for key in able):
        # Of a token that names its key, no newer bundle could know better.
        raise SvidError(Problem.SIGNATURE if "kid" in header else Problem.KEY_UNKNOWN)


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
