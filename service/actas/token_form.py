"""What a token is by its form: header, kind and type, and who vouches for its `sub`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from actas import spiffe
from actas.claims_grammar import audiences, is_name
from actas.request import ACCESS_TOKEN, Token

JWT = "urn:ietf:params:oauth:token-type:jwt"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a token type's URN, not a secret
SVID_KINDS = frozenset({"jwt_svid", "x509_svid", "wit"})
KINDS = SVID_KINDS | {"", "access_token"}
# What Keycloak says in the claim typ of an access token, the second of one that is bound to a key.
_KEYCLOAK_TYPES = ("Bearer", "DPoP")
Algorithm = Literal["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519"]
SVID_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"})


def form(presented: Token, claims: Mapping[str, Any]) -> str:
    """How a token shows what it is (RFC 9068, section 4; RFC 8725, section 3.11).

    `access_token` and `opaque` are claims that the issuer's registry entry must confirm; `confused` never fits.
    """
    if presented.kind in SVID_KINDS:
        return "svid"
    if presented.header is None:
        return "opaque" if is_oauth(presented) else "bridged"
    typ, claimed = jose_typ(presented.header), claims.get("typ")
    if presented.token_type == ACCESS_TOKEN:
        # Where the header says no more than JWT, the claim typ must tell an access token from an ID token.
        return "access_token" if typ != "jwt" or claimed in _KEYCLOAK_TYPES else "confused"
    if presented.token_type == JWT:
        fits = typ in {"", "jwt", "jose", "at+jwt"} and claimed in (*_KEYCLOAK_TYPES, None)
    else:
        fits = presented.token_type == ID_TOKEN and typ in {"", "jwt"} and claimed in (None, "ID")
    return "declared" if fits else "confused"


def is_oauth(presented: Token) -> bool:
    """Whether the credential is said to be an OAuth token, or nothing is said."""
    return presented.credential_class in {"", "oauth"}


def is_svid(presented: Token) -> bool:
    """Whether the token is said to be a SPIFFE identity document."""
    return presented.kind in SVID_KINDS


def is_well_formed_svid(presented: Token, claims: Mapping[str, Any]) -> bool:
    """JWT-SVID, sections 2 and 3; WIT-SVID, sections 2 to 5; X509-SVID, section 2."""
    header, typ = presented.header, jose_typ(presented.header)
    if presented.kind == "x509_svid":
        return header is None
    if header is None or not is_name(header.get("alg")) or header["alg"] not in SVID_ALGORITHMS:
        return False
    if presented.kind == "wit":
        return (
            typ == "wit+jwt"
            and is_name(header.get("kid"))
            and isinstance(claims.get("cnf"), dict)
            and bool(claims["cnf"])
            and "aud" not in claims
            and "exp" in claims
        )
    return (
        typ in {"", "jwt", "jose"}
        and not (header.keys() - {"alg", "kid", "typ"})
        and ("kid" not in header or is_name(header["kid"]))
        and bool(audiences(claims.get("aud")))
        and "exp" in claims
    )


def jose_typ(header: Mapping[str, Any] | None) -> str | None:
    """RFC 7515, section 4.1.9: case-insensitive, `application/` may be left out; None where it is no string."""
    typ = (header or {}).get("typ", "")
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def issuer(presented: Token, claims: Mapping[str, Any]) -> str:
    """Who vouches for `sub`: the trust domain for an SVID, else the `iss` claim; empty when nobody does."""
    if is_svid(presented):
        return _spiffe_issuer(claims.get("sub"))
    return claims["iss"] if is_name(claims.get("iss")) else ""


def _spiffe_issuer(name: Any) -> str:
    identity = spiffe.parse(name)
    return "" if identity is None else identity.issuer
