"""Whom the words of the command line name, as revocations."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from actas.cli.exits import bad_input
from actas.policy import frozen_time
from actas.revocation.entry import parse_named, require_effect

# The word of the command line, the kind of the state, and the member that an id is.
_KINDS = {
    "agent": ("agent", "id"),
    "actor": ("actor", "sub"),
    "actor-prefix": ("actor_prefix", "sub"),
    "subject": ("subject", "sub"),
    "session": ("session", "sid"),
    "client": ("client", "client_id"),
    "delegation": ("delegation", "sub"),
    "jti": ("jti", "jti"),
    "chain": ("chain", "txn"),
    "claims": ("claims", "sub"),
}
KINDS = tuple(_KINDS)
_WITH_ISSUER = ("subject", "session", "actor", "delegation", "jti", "claims")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def entries(kind: str, ids: Sequence[str], *, issuer: str | None) -> list[dict[str, Any]]:
    """Give one entry for each of *ids*, or for the pair of a delegation; what names nobody ends the command."""
    if kind not in _KINDS:
        raise bad_input(f"KIND is one of {', '.join(KINDS)}, not {kind!r}")
    name, member = _KINDS[kind]
    if not ids:
        raise bad_input(f"say which {kind}: an ID is missing")
    found: list[dict[str, Any]]
    if kind == "delegation":
        if len(ids) != 2:
            raise bad_input("a delegation is named by two words: SUBJECT ACTOR")
        found = [{"kind": name, "sub": ids[0], "actor": ids[1]}]
    else:
        found = [{"kind": name, member: one} for one in ids]
    if issuer is not None:
        if kind != "client" and kind not in _WITH_ISSUER:
            raise bad_input(f"--issuer: no issuer vouches for a name of the kind {kind}")
        where = "authorization_server" if kind == "client" else "iss"
        found = [{**entry, where: issuer} for entry in found]
    try:
        return [parse_named(entry) for entry in found]
    except ValueError as error:
        raise bad_input(f"{kind}: {error}") from None


def effective(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the entries that are *found*; one that would revoke nobody ends the command."""
    for entry in found:
        try:
            require_effect(entry, time.time())
        except ValueError as error:
            member, _, sentence = str(error).partition(": ")
            raise bad_input(
                f"{'--until' if member == 'until' else entry['kind'].replace('_', '-')}: {sentence}"
            ) from None
    return list(found)


def login(until: str) -> int:
    """Read `--logins-until` in seconds since the epoch; what is no time ends the command."""
    try:
        return int(time.time()) if until == "now" else frozen_time.seconds(until)
    except ValueError as error:
        raise bad_input(f"--logins-until: {error}, or now") from None


def end(until: str | None) -> int | None:
    """Read `--until`, a time or how long from now, in seconds since the epoch; what is neither ends the command."""
    if until is None:
        return None
    if (duration := _DURATION.fullmatch(until)) is not None:
        return int(time.time()) + int(duration[1]) * _UNITS[duration[2]]
    try:
        return frozen_time.seconds(until)
    except ValueError as error:
        raise bad_input(f"--until: {error}, or how long from now, as 30m, 24h or 7d") from None
