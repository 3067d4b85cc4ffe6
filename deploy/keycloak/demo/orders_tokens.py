"""Which access tokens the database service accepts: signed by the realm, for itself alone, with a chain of actors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from orders_keys import ALGORITHMS, RealmKeys

MAX_TOKEN = 16_384
MAX_LEVELS = 8
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti", "azp", "scope", "typ"]


class NotAcceptedError(Exception):
    """The token is not accepted. The message is one fixed word and shows nothing of the token."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is used of a token that was accepted."""

    issuer: str
    user: str
    client: str
    actors: tuple[str, ...]
    scope: frozenset[str]
    expires: int
    jti: str
    decision_id: str

    @property
    def chain(self) -> list[str]:
        """Who acts for whom: the user first, whoever calls us last."""
        return [self.user, *reversed(self.actors)]


async def verify(unverified_token: str, keys: RealmKeys, *, issuer: str, resource: str) -> Accepted:
    """Verify an access token of *issuer* that is meant for *resource*. Raises NotAcceptedError."""
    if len(unverified_token) > MAX_TOKEN:
        raise NotAcceptedError("size")
    claims = _signed_claims(unverified_token, await _key(unverified_token, keys), issuer)
    # The header of Keycloak's access, ID and refresh tokens is the same: this claim tells them apart.
    if claims["typ"] != "Bearer":
        raise NotAcceptedError("type")
    # A token for several services could be replayed by each of them at the others.
    if claims["aud"] not in (resource, [resource]):
        raise NotAcceptedError("audience")
    if not all(isinstance(claims[name], str) for name in ("sub", "azp", "jti", "scope")):
        raise NotAcceptedError("claims")
    return Accepted(
        issuer=issuer,
        user=claims["sub"],
        client=claims["azp"],
        actors=_actors(claims.get("act")),
        scope=frozenset(claims["scope"].split()),
        expires=int(claims["exp"]),
        jti=claims["jti"],
        decision_id=str(claims.get("decision_id", "")),
    )


async def _key(unverified_token: str, keys: RealmKeys) -> jwt.PyJWK:
    try:
        header = jwt.get_unverified_header(unverified_token)
    except jwt.PyJWTError:
        raise NotAcceptedError("malformed") from None
    if header.get("alg") not in ALGORITHMS:
        raise NotAcceptedError("algorithm")
    key = await keys.find(str(header.get("kid", "")))
    # The key says with which algorithm it is used; the token may not choose.
    if key is None or key.algorithm_name != header["alg"]:
        raise NotAcceptedError("key")
    return key


def _signed_claims(unverified_token: str, key: jwt.PyJWK, issuer: str) -> Mapping[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            unverified_token,
            key,
            algorithms=[key.algorithm_name],
            issuer=issuer,
            # The audience is compared above: the library is content when it is one among several.
            options={"require": _REQUIRED, "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise NotAcceptedError("expired") from None
    except jwt.InvalidIssuerError:
        raise NotAcceptedError("issuer") from None
    except jwt.InvalidSignatureError:
        raise NotAcceptedError("signature") from None
    except jwt.PyJWTError:
        raise NotAcceptedError("claims") from None
    return claims


def _actors(act: Any) -> tuple[str, ...]:
    """Give the actors of the `act` claim (RFC 8693, section 4.1), the most recent first. Raises NotAcceptedError."""
    actors: list[str] = []
    while act is not None:
        sub = act.get("sub") if isinstance(act, dict) else None
        if not isinstance(sub, str) or not sub or len(actors) == MAX_LEVELS:
            raise NotAcceptedError("act")
        actors.append(sub)
        act = act.get("act")
    if not actors:
        # Nobody acts, so this is the user's own token, passed through.
        raise NotAcceptedError("act")
    return tuple(actors)
