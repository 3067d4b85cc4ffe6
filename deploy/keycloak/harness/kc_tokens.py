"""Tokens of a realm, obtained as its clients obtain them: over HTTP, with their own secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import kc_browser

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
MCP = "http://127.0.0.1:8931/mcp"
"""The resource of the MCP server, which is its client id and so the audience of tokens for it."""
STRONG = "urn:actas:acr:mfa"
TIMEOUT_SECONDS = 30.0


class Server(Protocol):
    """What is needed of a Keycloak: where it is, what it calls itself, and the file that its realm came from."""

    @property
    def url(self) -> str: ...  # noqa: D102
    @property
    def issuer(self) -> str: ...  # noqa: D102
    @property
    def realm_file(self) -> Path: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the token endpoint. Tokens are kept out of its repr, which ends up in failing tests and logs."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: httpx.Headers = field(repr=False)

    @property
    def token(self) -> str:
        """The access token. Raises PermissionError with what Keycloak said where there is none."""
        if "access_token" not in self.body:
            raise PermissionError(f"{self.status} {json.dumps(self.body)}")
        return str(self.body["access_token"])

    @property
    def error(self) -> str:
        """The OAuth error; empty where there is none."""
        return str(self.body.get("error", ""))

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the access token."""
        return claims(self.token)


def claims(jwt: str) -> dict[str, Any]:
    """Decode the claims of *jwt* to be shown. Nothing is verified."""
    payload = jwt.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


class Tokens:
    """What the clients of one realm obtain."""

    def __init__(self, keycloak: Server) -> None:
        """Read secrets from the realm file, as each client would from its own configuration."""
        self._realm = json.loads(keycloak.realm_file.read_text(encoding="utf-8"))
        self._keycloak = keycloak
        self._endpoint = f"{keycloak.url}/realms/{self._realm['realm']}/protocol/openid-connect"
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def browser(self) -> kc_browser.Browser:
        """Open a browser without any cookie."""
        return kc_browser.Browser(self._http, self._keycloak.url, self._keycloak.issuer)

    def post(self, client: str, form: Mapping[str, str | Sequence[str]]) -> Response:
        """Send *form* to the token endpoint, authenticated as *client*."""
        known = {"client_id": client, "client_secret": self._client(client)["secret"], **form}
        # Keycloak refuses an empty scope, which is not the same as none.
        sent = {name: value for name, value in known.items() if name != "scope" or value}
        answer = self._http.post(f"{self._endpoint}/token", data=sent)
        return Response(answer.status_code, _body(answer), answer.headers)

    def password_grant(self, user: str, client: str = "chat-ui", scope: str = "") -> Response:
        """Log *user* in with the password alone."""
        form = {"grant_type": "password", "username": user, "password": self._credential(user, "password")["value"]}
        return self.post(client, {**form, "scope": scope})

    def client_credentials(self, client: str, scope: str = "") -> Response:
        """Obtain the token that *client* is known by: an agent's actor token."""
        return self.post(client, {"grant_type": "client_credentials", "scope": scope})

    def exchange(
        self,
        client: str,
        subject: str,
        *,
        actor: str | None = None,
        audience: str | Sequence[str] | None = None,
        scope: str | None = None,
        approval: str | Sequence[str] | None = None,
        **form: str | Sequence[str],
    ) -> Response:
        """Exchange *subject* (RFC 8693). What is None is not sent; *form* adds parameters and replaces them."""
        sent: dict[str, str | Sequence[str] | None] = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN,
            "actor_token": actor,
            "actor_token_type": None if actor is None else ACCESS_TOKEN,
            "audience": audience,
            "scope": scope,
            "approval": approval,
            **form,
        }
        return self.post(client, {name: value for name, value in sent.items() if value is not None})

    def hop(self, client: str, subject: str, audience: str, scope: str, **form: str | Sequence[str]) -> Response:
        """Exchange *subject* as an agent does: with a token of its own that says who acts."""
        actor = self.client_credentials(client).token
        return self.exchange(client, subject, actor=actor, audience=audience, scope=scope, **form)

    def browser_login(
        self,
        user: str,
        client: str = "chat-ui",
        *,
        scope: str = "openid",
        acr_values: str | None = None,
        totp: bool = True,
        browser: kc_browser.Browser | None = None,
        **parameters: str,
    ) -> Response:
        """Log *user* in through Keycloak's pages, with PKCE. The same *browser* again is the same session.

        Raises kc_browser.LoginError.
        """
        redirect_uri = self._client(client)["redirectUris"][0]
        verifier, challenge = kc_browser.pkce()
        asked = {"response_type": "code", "client_id": client, "redirect_uri": redirect_uri, "scope": scope}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"} | parameters
        if acr_values is not None:
            # A claim that is essential: acr_values alone is a wish (OpenID Connect Core 1.0, section 5.5.1.1).
            wanted = {"acr": {"essential": True, "values": acr_values.split()}}
            asked |= {"acr_values": acr_values, "claims": json.dumps({"id_token": wanted})}
        fill = {"username": user, "password": self._credential(user, "password")["value"]}
        secret = json.loads(self._credential(user, "otp")["secretData"])["value"] if totp else None
        code = (browser or self.browser()).code(f"{self._endpoint}/auth", asked, fill, secret)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self.post(client, {**form, "code_verifier": verifier})

    def _client(self, client_id: str) -> dict[str, Any]:
        found: dict[str, Any] = next(each for each in self._realm["clients"] if each["clientId"] == client_id)
        return found

    def _credential(self, user: str, kind: str) -> dict[str, Any]:
        person = next(each for each in self._realm["users"] if each["username"] == user)
        found: dict[str, Any] = next((each for each in person["credentials"] if each["type"] == kind), {})
        return found


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}
