"""Checks of what a client's mappers write into its tokens."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from actas.doctor import kcadm
from actas.doctor.finding import Finding, Remedy, fail, warn
from actas.doctor.keycloak_facts import Facts, JsonDict, attributes, client_id

# Either gives the token its sub.
_SUB_MAPPERS = ("oidc-sub-mapper", "oidc-sha256-pairwise-sub-mapper")
_AUDIENCE_MAPPER = "oidc-audience-mapper"


def subject(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    """Check that each token of *client* has a sub."""
    if any(_maps_subject(mapper) for mapper in client.get("protocolMappers") or []):
        return
    name = client_id(client)
    scopes = [scope for scope in facts.scopes_of(client) if any(map(_maps_subject, scope.get("protocolMappers") or []))]
    if any(not _in_token_scope(scope) for scope in scopes):
        return
    if scopes:
        scope = str(scopes[0].get("name"))
        message = f"{name} has its sub from the scope {scope}, which is part of the token's scope and can be withheld"
        remedy = Remedy(
            f"Client scopes → {scope}: Include in token scope off",
            kcadm.line(
                facts,
                f"update {kcadm.path('client-scopes', scopes[0])}",
                f"-s {kcadm.attribute('include.in.token.scope', 'false')}",
            ),
        )
    else:
        message = f"{name} has no default client scope with a sub mapper: its tokens have no sub and are refused"
        basic = next((str(scope.get("id")) for scope in facts.client_scopes if scope.get("name") == "basic"), "ID")
        remedy = Remedy(
            f"Clients → {name} → Client scopes → Add client scope: basic, as default",
            kcadm.line(facts, f"update {kcadm.path('clients', client)}/default-client-scopes/{shlex.quote(basic)}"),
        )
    yield fail("clients.subject", message, remedy, name)


def _maps_subject(mapper: JsonDict) -> bool:
    kind, configuration = mapper.get("protocolMapper"), mapper.get("config") or {}
    return kind in _SUB_MAPPERS and str(configuration.get("access.token.claim", "true")).lower() == "true"


def _in_token_scope(scope: JsonDict) -> bool:
    """Say whether the client scope's name is part of the claim `scope`; Keycloak's default is that it is."""
    return str(attributes(scope).get("include.in.token.scope", "true")).lower() == "true"


def actor_audience(facts: Facts, client: JsonDict) -> Iterator[Finding]:
    """Check that the service account's own token is meant for the authorization server, as an actor token must be."""
    if not client.get("serviceAccountsEnabled") or not facts.issuer:
        return
    mappers = [*(client.get("protocolMappers") or [])]
    mappers += [mapper for scope in facts.scopes_of(client) for mapper in scope.get("protocolMappers") or []]
    if not any(_names_audience(mapper, facts.issuer) for mapper in mappers):
        name = client_id(client)
        audience = shlex.quote(f"config={_config(facts.issuer)}")
        mapper = f"-s name=actas-actor -s protocol=openid-connect -s protocolMapper={_AUDIENCE_MAPPER} -s {audience}"
        yield warn(
            "clients.actor_audience",
            f"{name} has no audience mapper for {facts.issuer}: its own token is refused as actor_token",
            Remedy(
                f"Clients → {name} → Client scopes → {name}-dedicated → Add mapper → Audience, with the custom "
                f"audience {facts.issuer}",
                kcadm.line(facts, f"create {kcadm.path('clients', client)}/protocol-mappers/models", mapper),
            ),
            name,
        )


def _config(issuer: str) -> str:
    return json.dumps({"included.custom.audience": issuer, "access.token.claim": "true"})


def _names_audience(mapper: JsonDict, issuer: str) -> bool:
    configuration = mapper.get("config") or {}
    return (
        mapper.get("protocolMapper") == _AUDIENCE_MAPPER
        and str(configuration.get("access.token.claim", "false")).lower() == "true"
        # A client named in the same mapper wins over the custom audience.
        and not configuration.get("included.client.audience")
        and configuration.get("included.custom.audience") == issuer
    )
