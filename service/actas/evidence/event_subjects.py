"""Whom a security event is about (RFC 9493; SSF 1.0, complex subjects)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actas import claims_grammar

Named = dict[str, str]
"""The members of a revocation that name somebody: `iss` with `sub`, `sid` or `jti`."""
# Members of a complex subject that a token here says nothing of. What one side leaves undefined matches anything
# (SSF 1.0, subject matching), so an event about a device of a user is about the user.
_UNDEFINED_HERE = frozenset({"device", "application", "tenant", "org_unit", "group"})


def named_by(subject: Any, *, issuer: str) -> list[Named]:
    """Give everybody whom *subject* denotes in an event of *issuer*: one, or the aliases of one.

    Raises:
        ValueError: it denotes nobody whom a token could name, and a sentence says why.

    """
    if not isinstance(subject, dict):
        raise ValueError("names no subject: sub_id is missing")  # noqa: TRY004 - one kind of error for what was sent
    if subject.get("format") == "aliases":
        return list(_aliases(subject, issuer))
    if subject.get("format", "complex") == "complex":
        return [_complex(subject, issuer)]
    return [_simple(subject, issuer)]


def _simple(subject: dict[str, Any], issuer: str) -> Named:
    match subject.get("format"):
        case "iss_sub":
            found = {"iss": subject.get("iss"), "sub": subject.get("sub")}
        case "opaque":
            found = {"iss": issuer, "sub": subject.get("id")}
        case "uri":
            found = {"iss": issuer, "sub": subject.get("uri")}
        case "did":
            found = {"iss": issuer, "sub": subject.get("url")}
        case "jwt_id":
            found = {"iss": subject.get("iss"), "jti": subject.get("jti")}
        case other:
            raise ValueError(f"names its subject in the format {other!r}, and no token names anybody so")
    return _checked(found)


def _aliases(subject: dict[str, Any], issuer: str) -> Iterator[Named]:
    """Give those of several names of one subject that a token may have; at least one must be."""
    found, identifiers = 0, subject.get("identifiers")
    for identifier in identifiers if isinstance(identifiers, list) else ():
        try:
            named = _simple(identifier, issuer) if isinstance(identifier, dict) else None
        except ValueError:
            continue
        if named is not None:
            found += 1
            yield named
    if not found:
        raise ValueError("has no alias that a token could have")


def _complex(subject: dict[str, Any], issuer: str) -> Named:
    """Join what the members say: all of it must match."""
    members = {name: value for name, value in subject.items() if name != "format"}
    named: Named = {}
    for name, value in members.items():
        if not isinstance(value, dict):
            raise ValueError(f"has a subject whose {name} is no identifier")  # noqa: TRY004 - as above
        if name == "user":
            named |= _simple(value, issuer)
        elif name == "session":
            named |= _session(value, issuer)
        elif name not in _UNDEFINED_HERE:
            raise ValueError("has a subject with a member that is not known")
    if not named.keys() & {"sub", "sid", "jti"}:
        raise ValueError("names neither a user nor a session")
    if "sid" in named:
        named.setdefault("iss", issuer)
    if "jti" in named and named.keys() - {"jti", "iss"}:
        raise ValueError("names a token and somebody beside it")
    return named


def _session(session: dict[str, Any], issuer: str) -> Named:
    if session.get("format") == "jwt_id":
        return _simple(session, issuer)
    if session.get("format") != "opaque":
        raise ValueError("names a session otherwise than by its opaque id")
    return _checked({"sid": session.get("id")})


def _checked(found: dict[str, Any]) -> Named:
    if not all(map(claims_grammar.is_name, found.values())):
        raise ValueError(f"has a subject without {' and '.join(found)}")
    return {name: str(value) for name, value in found.items()}
