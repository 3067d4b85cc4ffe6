"""Checks of the realm itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from actas.doctor.finding import Finding, Remedy, fail, ok, unless_any, warn
from actas.doctor.keycloak_facts import Facts

# The shipped settings' longest life of an issued token, and the shortest.
LONGEST_SECONDS = 900
SHORTEST_SECONDS = 30


def check(facts: Facts) -> list[Finding]:
    """Check issuer and lifetimes."""
    found = unless_any(_issuer(facts), "realm.issuer", f"the issuer is {facts.issuer}")
    return [*found, *_lifetime(facts)]


def _update(facts: Facts, setting: str) -> str:
    return f"kcadm.sh update realms/{shlex.quote(facts.realm)} -s {setting}"


def _issuer(facts: Facts) -> Iterator[Finding]:
    if facts.representation.get("enabled") is False:
        remedy = Remedy("Realm settings → Action → Enabled", _update(facts, "enabled=true"))
        yield fail("realm.issuer", f"realm {facts.realm} is disabled", remedy)
    if not facts.issuer:
        yield fail("realm.issuer", "the realm's metadata names no issuer")
    elif facts.issuer_elsewhere and facts.issuer_elsewhere != facts.issuer:
        remedy = Remedy(command="start Keycloak with --hostname=https://…")
        message = f"the issuer ({facts.issuer}) follows the Host header of each request, and Actas knows one issuer"
        yield warn("realm.issuer", message, remedy)


def _lifetime(facts: Facts) -> Iterator[Finding]:
    seconds = facts.representation.get("accessTokenLifespan")
    if not isinstance(seconds, int):
        yield warn("realm.lifetime", "this account may not see accessTokenLifespan; it needs the role view-realm")
        return
    remedy = Remedy(
        "Realm settings → Tokens → Access Token Lifespan: 5 minutes",
        _update(facts, "accessTokenLifespan=300"),
    )
    if seconds > LONGEST_SECONDS:
        message = f"access tokens live {seconds} s: a subject token that was taken away can be exchanged that long"
        yield warn("realm.lifetime", message, remedy)
    elif seconds < SHORTEST_SECONDS:
        message = f"access tokens live {seconds} s, and Actas issues nothing shorter than {SHORTEST_SECONDS} s"
        yield fail("realm.lifetime", message, remedy)
    else:
        yield ok("realm.lifetime", f"access tokens live {seconds} s")
