"""Keycloak's admin API, read only."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from actas.errors import ActasError, Status
from actas.listener import Listener

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_PAGE = 200
# A public client that every realm `master` has.
_ADMIN_CLI = "admin-cli"


class KeycloakUnreadableError(ActasError):
    """What has to be checked could not be read; the message names no secret."""

    def __init__(self, message: str, *, status: Status = Status.UNAVAILABLE) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Login:
    """How the doctor authenticates: a user, a client, or an access token that is there already."""

    user: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    realm: str = "master"


class _Bearer(httpx.Auth):
    """Sends the token; being an `Auth` it also keeps httpx from looking into ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


_NOBODY = _Bearer("")


class Keycloak:
    """A running Keycloak. Never follows a redirect, so that no password or token reaches another host."""

    def __init__(self, url: str, *, ca: Path | None = None, insecure: bool = False) -> None:
        """Prepare to ask *url*; raises `KeycloakUnreadableError` for an address that no secret should be sent to."""
        self.url = _checked(url, insecure=insecure)
        verify = ssl.create_default_context(cafile=ca) if ca is not None else True
        # A proxy that the environment names would read what plain http must not carry beyond this machine.
        plain = urlsplit(self.url).scheme == "http"
        self._client = httpx.Client(verify=verify, timeout=_TIMEOUT, follow_redirects=False, trust_env=not plain)
        self._auth = _NOBODY

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def log_in(self, login: Login) -> None:
        """Get an access token for the admin API."""
        if login.token:
            self._auth = _Bearer(login.token)
            return
        if login.client_id:
            form = {"grant_type": "client_credentials", "client_id": login.client_id, "client_secret": login.secret}
        else:
            form = {"grant_type": "password", "client_id": _ADMIN_CLI, "username": login.user}
            form["password"] = login.secret
        path = f"/realms/{quote(login.realm, safe='')}/protocol/openid-connect/token"
        answer = self._send("POST", path, data=form)
        if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            message = f"Keycloak refuses this login in realm {login.realm} (HTTP {answer.status_code})"
            raise KeycloakUnreadableError(message, status=Status.INVALID_ARGUMENT)
        token = self._json(answer, path).get("access_token")
        if not isinstance(token, str):
            raise KeycloakUnreadableError(f"{path} gave no access token")
        self._auth = _Bearer(token)

    def get(self, path: str, *, needs: str = "", **parameters: str | int) -> Any:
        """Read *path* below the URL; *needs* names the role without which Keycloak refuses."""
        answer = self._send("GET", path, params=parameters)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            message = f"Keycloak does not accept the access token (HTTP 401 for {path})"
            raise KeycloakUnreadableError(message, status=Status.INVALID_ARGUMENT)
        if answer.status_code == httpx.codes.FORBIDDEN:
            role = f"; it needs the role {needs}" if needs else ""
            message = f"this account may not read {path}{role}"
            raise KeycloakUnreadableError(message, status=Status.INVALID_ARGUMENT)
        return self._json(answer, path)

    def pages(self, path: str, *, needs: str = "") -> list[dict[str, Any]]:
        """Read a list that Keycloak gives in pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = _objects(self.get(path, needs=needs, first=len(found), max=_PAGE), path)
            found += page
            if len(page) < _PAGE:
                return found

    def objects(self, path: str, *, needs: str = "") -> list[dict[str, Any]]:
        """Read a list of objects."""
        return _objects(self.get(path, needs=needs), path)

    def object(self, path: str, *, needs: str = "", **parameters: str) -> dict[str, Any]:
        """Read an object."""
        found = self.get(path, needs=needs, **parameters)
        if not isinstance(found, dict):
            raise KeycloakUnreadableError(f"{path} is not what Keycloak answers")
        return found

    def issuer(self, realm: str, *, host: str = "") -> str:
        """Give the realm's issuer identifier, as a request to *host* would see it; empty where that gave none.

        Asked without the token: a proxy may pass what is for *host* to somebody else.
        """
        path = _metadata(realm)
        answer = self._send("GET", path, auth=_NOBODY, headers={"Host": host} if host else {})
        if host and answer.status_code != httpx.codes.OK:
            return ""
        if answer.status_code == httpx.codes.NOT_FOUND:
            message = f"there is no realm {realm} at {self.url}"
            raise KeycloakUnreadableError(message, status=Status.INVALID_ARGUMENT)
        metadata = self._json(answer, path)
        return str(metadata.get("issuer", "")) if isinstance(metadata, dict) else ""

    def realms(self) -> set[str]:
        """Give the names of the realms that this account is shown; none where it may not list them."""
        path = "/admin/realms"
        answer = self._send("GET", path, params={"briefRepresentation": "true"})
        if answer.status_code != httpx.codes.OK:
            return set()
        return {str(realm.get("realm")) for realm in _objects(self._json(answer, path), path)}

    def may_have(self, realm: str) -> bool:
        """Say whether there may be a realm of that name; only a plain no of its public metadata is one."""
        try:
            return self._send("GET", _metadata(realm), auth=_NOBODY).status_code != httpx.codes.NOT_FOUND
        except KeycloakUnreadableError:
            return True  # a proxy that redirects for another realm says nothing about it

    def _send(self, method: str, path: str, *, auth: _Bearer | None = None, **options: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, f"{self.url}{path}", auth=auth or self._auth, **options)
        except httpx.HTTPError as error:
            raise KeycloakUnreadableError(f"{self.url} cannot be reached: {type(error).__name__}: {error}") from None
        if answer.is_redirect:
            host = urlsplit(answer.headers.get("Location", "")).netloc or "another path"
            raise KeycloakUnreadableError(f"{self.url} redirects to {host}, and no redirect is followed: give that URL")
        return answer

    def _json(self, answer: httpx.Response, path: str) -> Any:
        if answer.status_code != httpx.codes.OK:
            raise KeycloakUnreadableError(f"HTTP {answer.status_code} for {path} at {self.url}")
        try:
            return answer.json()
        except ValueError:
            raise KeycloakUnreadableError(f"{path} at {self.url} is no JSON: is this Keycloak?") from None


def _metadata(realm: str) -> str:
    return f"/realms/{quote(realm, safe='')}/.well-known/openid-configuration"


def _objects(found: Any, path: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise KeycloakUnreadableError(f"{path} is not what Keycloak answers")
    return found


def _checked(url: str, *, insecure: bool) -> str:
    def wrong(message: str) -> KeycloakUnreadableError:
        return KeycloakUnreadableError(f"--url: {message}", status=Status.INVALID_ARGUMENT)

    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise wrong("is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise wrong("must be http://… or https://…")
    if parts.username is not None or parts.query or parts.fragment:
        raise wrong("must have no user, query or fragment")
    if parts.scheme == "http" and not insecure and not Listener(host=host).local:
        raise wrong("http beyond this machine shows the password to everyone in between: use https, or say --insecure")
    return url.rstrip("/")
