"""Everything that is checked of a Keycloak that asks Actas."""

from __future__ import annotations

from actas.doctor import (
    keycloak_clients,
    keycloak_detours,
    keycloak_policy,
    keycloak_provider,
    keycloak_realm,
    keycloak_server,
)
from actas.doctor.finding import Finding
from actas.doctor.keycloak_facts import Facts

# The groups of findings in the order in which they are told, with their headings.
HEADINGS = {
    "server": "Server",
    "provider": "Provider",
    "policy": "Client policies",
    "realm": "Realm",
    "clients": "Clients that may exchange tokens",
    "registry": "Registry of Actas",
    "actas": "Actas",
}


def check(facts: Facts) -> list[Finding]:
    """Check everything that needs Keycloak only."""
    return [
        *keycloak_server.check(facts),
        *keycloak_provider.check(facts),
        *keycloak_policy.check(facts),
        *keycloak_realm.check(facts),
        *keycloak_detours.check(facts),
        *keycloak_clients.check(facts),
    ]
