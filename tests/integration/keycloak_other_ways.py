"""Tokens that Keycloak makes of others without an exchange: by the grant of UMA, and by introspection that signs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from kc_tokens import Response

from keycloak_changes import changed_client, new_client
from keycloak_world import World, claims

UMA = "urn:ietf:params:oauth:grant-type:uma-ticket"
ARCHIVIST = "archivist"
AS_JWT = {"client.introspection.response.allow.jwt.claim.enabled": "true"}


@contextmanager
def resource_server(world: World) -> Iterator[None]:
    """Add a client whose only resource everybody may have, by the grant of UMA."""
    settings = {"policyEnforcementMode": "PERMISSIVE", "resources": [{"name": "shelf"}]}
    with new_client(
        world,
        clientId=ARCHIVIST,
        secret="archivist-secret",
        standardFlowEnabled=False,
        serviceAccountsEnabled=True,
        authorizationServicesEnabled=True,
        authorizationSettings=settings,
    ):
        yield


def permission(world: World, bearer: str) -> Response:
    """Ask for a token for the resource server; *bearer* alone authorizes the request."""
    form = {"grant_type": UMA, "audience": ARCHIVIST}
    return _post(world, "token", form, {"authorization": f"Bearer {bearer}"})


def introspected(world: World, client: str, token: str) -> str:
    """Have Keycloak sign anew what *client* may know about *token*, which has to be addressed to it."""
    form = {"client_id": client, "client_secret": f"{client}-secret", "token": token}
    with changed_client(world, client, attributes=AS_JWT):
        answer = _post(world, "token/introspect", form, {"accept": "application/jwt"})
    assert (answer.status, answer.body["active"]) == (200, True)
    signed = str(answer.body["jwt"])
    assert claims(signed)["jti"] == claims(token)["jti"]
    return signed


def _post(world: World, endpoint: str, form: dict[str, str], headers: dict[str, str]) -> Response:
    url = f"{world.keycloak.url}/realms/agents/protocol/openid-connect/{endpoint}"
    answer = httpx.post(url, data=form, headers=headers, timeout=30, trust_env=False)
    return Response(answer.status_code, answer.json(), answer.headers)
