"""Checks of the server: its version and the features that lead around the provider."""

from __future__ import annotations

import re
from collections.abc import Iterator

from actas.doctor.finding import Finding, Remedy, fail, ok, unless_any, warn
from actas.doctor.keycloak_facts import Facts

OLDEST = (26, 6)  # the first with the token post-processor
TESTED = "26.7.3"
STRICT_ACT = (26, 8)

# Features that must be on, with the flag's name.
_NEEDED = {
    "CLIENT_POLICIES": ("client-policies", "the executor never runs"),
    "TOKEN_EXCHANGE_STANDARD_V2": ("token-exchange-standard:v2", "there is no standard token exchange"),
}
_HARMFUL = {
    "TOKEN_EXCHANGE": (
        "token-exchange:v1",
        "its paths for external, brokered and impersonated tokens issue without the post-processor",
    ),
}
_DOUBTFUL = {
    "PARAMETERIZED_SCOPES": (
        "parameterized-scopes",
        "the claim scope is then built from the request and not from what was decided; such tokens are refused",
    ),
    "DYNAMIC_SCOPES": (
        "dynamic-scopes",
        "the claim scope is then built from the request and not from what was decided; such tokens are refused",
    ),
    "TOKEN_EXCHANGE_DELEGATION": (
        "token-exchange-delegation",
        "Keycloak's own delegation writes an act claim of its own; this pair is not tested",
    ),
}


def check(facts: Facts) -> list[Finding]:
    """Check version and features."""
    features = unless_any(_features(facts), "server.features", "client policies and standard exchange on, v1 off")
    return [_version(facts.version), *features]


def _version(version: str) -> Finding:
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        return warn(
            "server.version",
            f"this account may not see the version; {'.'.join(map(str, OLDEST))} is the oldest that works",
            Remedy(console="Realm master → Users → Role mapping: give this account view-realm and manage-realm"),
        )
    found = (int(numbers[1]), int(numbers[2]))
    if found < OLDEST:
        return fail(
            "server.version",
            f"Keycloak {version} has no token post-processor, so nothing refuses an exchange that was not decided",
            Remedy(command=f"upgrade to Keycloak {TESTED}"),
        )
    if found >= STRICT_ACT:
        return warn(
            "server.version",
            f"Keycloak {version} refuses subject tokens that carry act in its standard exchange: a second hop fails",
            Remedy(command=f"stay with Keycloak {TESTED}, or see the upgrade notes of deploy/keycloak"),
        )
    tested = "" if version == TESTED else f" (tested is {TESTED})"
    return ok("server.version", f"Keycloak {version}{tested}")


def _features(facts: Facts) -> Iterator[Finding]:
    for name, (flag, why) in _NEEDED.items():
        if not facts.feature(name):
            remedy = Remedy(command=f"start Keycloak without --features-disabled={flag.partition(':')[0]}")
            yield fail("server.features", f"the feature {flag} is off: {why}", remedy)
    for name, (flag, why) in _HARMFUL.items():
        if facts.feature(name):
            yield fail("server.features", f"the feature {flag} is on: {why}", _without(flag))
    for name, (flag, why) in _DOUBTFUL.items():
        if facts.feature(name):
            yield warn("server.features", f"the feature {flag} is on: {why}", _without(flag))


def _without(flag: str) -> Remedy:
    return Remedy(command=f"start Keycloak without {flag} in --features (and without --features=preview)")
