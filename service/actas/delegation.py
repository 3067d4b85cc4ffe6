"""The delegation chain in an `act` claim, most recent actor first (RFC 8693, section 4.1).

The outermost level is the current actor, the deepest one the oldest. Members such as `exp` or `aud`
inside `act` mean nothing there; they are neither read nor removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actas import spiffe

_SCHEME = "spiffe://"


def flatten(act: object) -> tuple[dict[str, str], ...]:
    """Return the levels of *act*, outermost first, each `{iss?, sub, client_id?}`.

    Raises ValueError when a level is not an object, its `sub` is not a non-empty string or it has
    an `iss` that is not one. A `client_id` that is no non-empty string is left out.
    """
    levels = []
    while True:
        if not isinstance(act, Mapping):
            raise ValueError("a level of act is not an object")  # noqa: TRY004 - malformed is one kind of error, whatever the type
        sub = act.get("sub")
        if not isinstance(sub, str) or not sub:
            raise ValueError("a level of act has no sub")
        level = {"sub": sub}
        if "iss" in act:
            iss = act["iss"]
            if not isinstance(iss, str) or not iss:
                raise ValueError("a level of act has a malformed iss")
            level["iss"] = iss
        client_id = act.get("client_id")
        if isinstance(client_id, str) and client_id:
            level["client_id"] = client_id
        levels.append(level)
        # `act: null` is a malformed level, not the end of the chain: asking for the value would hide it.
        if "act" not in act:
            return tuple(levels)
        act = act["act"]


def party(level: Mapping[str, Any], issuer: str) -> tuple[str, str]:
    """Return *level* as (issuer, sub); *issuer* is the one implied where the level has no `iss`.

    A SPIFFE ID carries its own issuer, its trust domain.
    """
    sub: str = level["sub"]
    iss: str | None = level.get("iss")
    if iss is None and sub.startswith(_SCHEME):
        identity = spiffe.parse(sub)
        return (issuer if identity is None else identity.issuer), sub
    return (issuer if iss is None else iss), sub


def nest(actor: Mapping[str, Any], act: Mapping[str, Any] | None, *, issuer: str = "") -> dict[str, Any]:
    """Return the `act` claim to issue: *actor* with the whole inbound *act* beneath it, unchanged.

    *actor* is `{iss, sub}`; no other member of it is issued. *issuer* is that of the subject token,
    implied at inbound levels without `iss`. The same actor again adds no level.
    Raises ValueError when the actor has no `iss` or `sub`, or *act* is malformed.
    """
    iss, sub = actor.get("iss"), actor.get("sub")
    if not isinstance(iss, str) or not iss or not isinstance(sub, str) or not sub:
        raise ValueError("an actor is a pair of iss and sub")
    if act is None:
        return {"iss": iss, "sub": sub}
    outermost = flatten(act)[0]
    if party(outermost, issuer) == (iss, sub):
        return dict(act)
    return {"iss": iss, "sub": sub, "act": dict(act)}
