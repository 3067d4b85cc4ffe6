"""Checks of every client of the realm: settings by which Keycloak makes a token of another one past the decision."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from actas.doctor import kcadm
from actas.doctor.finding import Finding, Remedy, fail, unless_any, warn
from actas.doctor.keycloak_facts import Facts, attributes, client_id

SIGNED_INTROSPECTION = "client.introspection.response.allow.jwt.claim.enabled"
AUTHORIZATION = "authorizationServicesEnabled"
OPENID = "openid"


def check(facts: Facts) -> list[Finding]:
    """Check all clients, for one that may not exchange tokens can do it, and a disabled one can be enabled."""
    return [
        *unless_any(_introspection(facts), "realm.introspection", "introspection signs no token anew for any client"),
        *unless_any(_authorization(facts), "realm.authorization", "no client's authorization services give out tokens"),
        *unless_any(_openid(facts), "realm.openid", "no client that exchanges is given a scope openid"),
    ]


def _introspection(facts: Facts) -> Iterator[Finding]:
    for client in facts.clients:
        if str(attributes(client).get(SIGNED_INTROSPECTION) or "").lower() == "true":
            name = client_id(client)
            yield fail(
                "realm.introspection",
                f"for {name} introspection signs the token anew, with the login of the live session and without act "
                "and decision_id: an old weak token comes back strong, and a chain is lost",
                Remedy(
                    f"Clients → {name} → Advanced → Advanced settings: Support JWT claim in Introspection Response off",
                    kcadm.update_client(facts, client, kcadm.attribute(SIGNED_INTROSPECTION, "false")),
                ),
                name,
            )


def _authorization(facts: Facts) -> Iterator[Finding]:
    # Keycloak's own client of the admin permissions; nobody can change it, and it stays when they are switched off.
    own = (facts.representation.get("adminPermissionsClient") or {}).get("clientId")
    for client in facts.clients:
        name = client_id(client)
        if client.get(AUTHORIZATION) and name != own:
            yield warn(
                "realm.authorization",
                f"{name} has authorization services, and UMA gives out tokens that no exchange was decided for; the "
                "provider refuses UMA with exchanged tokens, and tokens of UMA as subject tokens",
                Remedy(
                    f"Clients → {name} → Settings → Capability config: Authorization off",
                    kcadm.update_client(facts, client, f"{AUTHORIZATION}=false"),
                ),
                name,
            )


def _openid(facts: Facts) -> Iterator[Finding]:
    scope = next((str(scope.get("id")) for scope in facts.client_scopes if scope.get("name") == OPENID), "ID")
    for client in facts.exchanging:
        name = client_id(client)
        for kind in ("default", "optional"):
            if OPENID in (client.get(f"{kind}ClientScopes") or []):
                path = f"{kcadm.path('clients', client)}/{kind}-client-scopes/{shlex.quote(scope)}"
                yield warn(
                    "realm.openid",
                    f"{name} has a client scope openid: an exchange that asks for it would bring an ID token without "
                    "act and with its own exp, and is refused",
                    Remedy(f"Clients → {name} → Client scopes: remove openid", kcadm.line(facts, f"delete {path}")),
                    name,
                )
