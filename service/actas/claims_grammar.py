"""The grammar of single claims: what a value is, whatever it means (RFC 7519, RFC 8693, RFC 7800).

Checked here once for the facts that policies see and for the ceiling that comes after them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from actas.request import JsonText

NUMERIC_DATES = ("exp", "nbf", "iat")
# Claims that only a token of a user's session carries; such a token is not a client's own.
SESSION_CLAIMS = ("auth_time", "sid", "session_state", "nonce")
MAY_ACT_UNDERSTOOD = frozenset({"iss", "sub", "client_id"})
# RFC 8693, section 4.4: these do not constrain who may act.
MAY_ACT_INFORMATIONAL = frozenset({"exp", "nbf", "aud", "email", "name", "sub_profile"})
MAY_ACT_KNOWN = MAY_ACT_UNDERSTOOD | MAY_ACT_INFORMATIONAL
# RFC 9396, section 2.2: these common fields are arrays of strings.
ARRAY_FIELDS = frozenset({"locations", "actions", "datatypes", "privileges"})
# The confirmation methods of RFC 9449, section 6 and RFC 8705, section 3.1.
_CONFIRMATIONS = frozenset({"jkt", "x5t#S256"})


def readable(claims: JsonText | None) -> Mapping[str, Any] | None:
    """Give the claims as an object, or None where they are absent, ambiguous or no object."""
    if claims is None or not claims.well_formed or not isinstance(claims.value, dict):
        return None
    return claims.value


def is_name(value: Any) -> bool:
    """Whether a value can name a party: a string that is not empty."""
    return isinstance(value, str) and value != ""


def is_numeric_date(value: Any) -> bool:
    """RFC 7519, section 2: a JSON number, a fraction allowed; not a boolean, not NaN."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def audiences(aud: Any) -> list[str]:
    """RFC 7519, section 4.1.3: one string or an array of strings; anything else names nobody."""
    if isinstance(aud, str):
        return [aud]
    if isinstance(aud, list) and all(isinstance(name, str) for name in aud):
        return aud
    return []


def is_grammatical(claims: Mapping[str, Any]) -> bool:
    """Whether the dates, the scope and the audience among *claims* have the types that they must have."""
    return (
        all(is_numeric_date(claims[name]) for name in NUMERIC_DATES if name in claims)
        and isinstance(claims.get("scope", ""), str)
        and ("aud" not in claims or bool(audiences(claims["aud"])) or claims["aud"] == [])
    )


def own_client(claims: Mapping[str, Any]) -> str:
    """Give the client that got this token for itself (RFC 6749, section 4.4), empty when a user stands behind it."""
    client_id = claims.get("client_id", claims.get("azp"))
    if not is_name(client_id) or any(name in claims for name in SESSION_CLAIMS):
        return ""
    # Keycloak names a service account by UUID in `sub`, and by this user name beside it.
    username = claims.get("preferred_username")
    if username is not None and username != f"service-account-{client_id.lower()}":
        return ""
    return str(client_id)


def is_party(level: Any) -> bool:
    """Whether a member such as `may_act` names a party: a `sub`, and an `iss` that names somebody if it is there."""
    return isinstance(level, dict) and is_name(level.get("sub")) and ("iss" not in level or is_name(level["iss"]))


def is_known_confirmation(cnf: Any) -> bool:
    """Whether every method in a `cnf` claim is one that we know, with a value (RFC 7800, section 3.1)."""
    return isinstance(cnf, dict) and bool(cnf) and cnf.keys() <= _CONFIRMATIONS and all(map(is_name, cnf.values()))


def confirmation(cnf: Any) -> tuple[bool, str | None]:
    """Say whether a `cnf` claim is known, and its `jkt`; None where it names its key otherwise.

    A `jkt` that is malformed or not alone is empty: the proof of one key is not the proof of it.
    """
    known = is_known_confirmation(cnf)
    if isinstance(cnf, dict) and cnf and "jkt" not in cnf:
        return known, None
    return known, str(cnf["jkt"]) if known and len(cnf) == 1 else ""


def are_details(details: JsonText) -> bool:
    """Whether *details* are an array of objects that each have a `type` (RFC 9396, section 2)."""
    return details.well_formed and isinstance(details.value, list) and all(map(_is_detail, details.value))


def _is_detail(entry: Any) -> bool:
    if not isinstance(entry, dict) or not is_name(entry.get("type")):
        return False
    return all(
        isinstance(entry[name], list) and bool(entry[name]) and all(is_name(member) for member in entry[name])
        for name in ARRAY_FIELDS & entry.keys()
    ) and ("identifier" not in entry or is_name(entry["identifier"]))
