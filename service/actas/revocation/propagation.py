"""Carrying a revocation on to the authorization server, as far as it can be told there.

A token can be revoked by who has it (RFC 7009). Keycloak can also end the sessions of a user, one session, and let
every token that a client got before now be invalid. Nobody can tell it to refuse a token by its `jti`, an actor or a
delegation: those tokens stay usable at resources until they end.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx

from actas.errors import ConfigError
from actas.revocation.authorization_server import AuthorizationServer

Entry = Mapping[str, Any]
Tell = Callable[[httpx.Client, AuthorizationServer], None]
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one revocation at one authorization server; *problem* is empty where it was done."""

    what: str
    issuer: str
    problem: str = ""


class NotCarriedError(Exception):
    """It was not done; the message names no secret and no token."""


def carry(
    entries: Sequence[Entry], unverified_tokens: Sequence[str], servers: Sequence[AuthorizationServer]
) -> Iterator[Carried]:
    """Tell every one of *servers* that is concerned, and give what became of it."""
    for entry in entries:
        # Of a client its own server is named, of whatever else who vouches for the name.
        named = entry.get("iss", entry.get("authorization_server"))
        concerned = [server for server in servers if named in (None, server.issuer)]
        for server in concerned:
            yield _told(f"{entry['kind']} {_name(entry)}", server, partial(_revoke_entry, entry))
        if not concerned:
            yield Carried(f"{entry['kind']} {_name(entry)}", "none", "of the configured servers is its issuer")
    for number, token in enumerate(unverified_tokens, 1):
        issuer = _unverified_issuer(token)
        of_it = [server for server in servers if server.issuer == issuer] or list(servers if issuer is None else ())
        for server in of_it:
            yield _told(f"token {number}", server, partial(_revoke_token, token))
        if not of_it:
            yield Carried(f"token {number}", "none", "of the configured servers is its issuer")


def _told(what: str, server: AuthorizationServer, tell: Tell) -> Carried:
    try:
        # No redirect is followed and no proxy of the environment used: the secret is for this server.
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            tell(client, server)
    except NotCarriedError as error:
        return Carried(what, server.issuer, str(error))
    except httpx.HTTPError as error:
        return Carried(what, server.issuer, f"cannot be reached: {type(error).__name__}")
    except (AttributeError, LookupError, TypeError, ValueError):
        return Carried(what, server.issuer, "answers what is not understood")
    except ConfigError as error:
        return Carried(what, server.issuer, str(error))
    return Carried(what, server.issuer)


def _revoke_token(token: str, client: httpx.Client, server: AuthorizationServer) -> None:
    if not server.revocation_endpoint:
        raise NotCarriedError("has no revocation_endpoint")
    answer = client.post(server.revocation_endpoint, data={"token": token}, auth=(server.client_id, server.secret()))
    if answer.status_code != httpx.codes.OK:
        raise NotCarriedError(f"refuses to revoke the token (HTTP {answer.status_code})")


def _revoke_entry(entry: Entry, client: httpx.Client, server: AuthorizationServer) -> None:
    if not server.keycloak:
        raise NotCarriedError("can only be told tokens: say --token-file")
    admin = f"{server.keycloak}/admin/realms/{quote(server.realm, safe='')}"
    match entry["kind"]:
        case "session" | "subject" if "sid" in entry:
            _done(_ask(client, server, "DELETE", f"{admin}/sessions/{quote(entry['sid'], safe='')}"), "session")
        case "subject":
            _done(_ask(client, server, "POST", f"{admin}/users/{quote(entry['sub'], safe='')}/logout"), "user id")
        case "client":
            found = _ask(client, server, "GET", f"{admin}/clients", params={"clientId": entry["client_id"]})
            if found.status_code != httpx.codes.OK or not found.json():
                raise NotCarriedError(f"knows no such client (HTTP {found.status_code})")
            path = f"{admin}/clients/{found.json()[0]['id']}"
            # A token of the very second of notBefore would still count.
            _done(
                _ask(client, server, "PUT", path, json={**found.json()[0], "notBefore": int(time.time()) + 1}), "client"
            )
        case kind:
            raise NotCarriedError(f"has no way to revoke by {kind}: its tokens stay usable until they end")


def _done(answer: httpx.Response, what: str) -> None:
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotCarriedError(f"knows no such {what}")
    if not answer.is_success:
        raise NotCarriedError(f"refuses (HTTP {answer.status_code})")


def _ask(client: httpx.Client, server: AuthorizationServer, method: str, url: str, **options: Any) -> httpx.Response:
    token = f"{server.keycloak}/realms/{quote(server.realm, safe='')}/protocol/openid-connect/token"
    form = {"grant_type": "client_credentials"}
    answer = client.post(token, data=form, auth=(server.client_id, server.secret()))
    access_token = answer.json().get("access_token") if answer.status_code == httpx.codes.OK else None
    if not isinstance(access_token, str):
        raise NotCarriedError(f"gives {server.client_id} no token for its admin API (HTTP {answer.status_code})")
    return client.request(method, url, headers={"Authorization": f"Bearer {access_token}"}, **options)


def _unverified_issuer(token: str) -> str | None:
    """Give whom a token says it is from, to know whom to ask; None for one that says nothing."""
    try:
        payload = token.split(".")[1]
        issuer = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("iss")
    except (IndexError, ValueError, AttributeError):
        return None
    return issuer if isinstance(issuer, str) else None


def _name(entry: Entry) -> str:
    members = ("id", "sub", "sid", "client_id", "jti", "txn")
    return next(str(entry[member]) for member in members if member in entry)
