"""A revocation is carried on to a real Keycloak, as far as it can be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actas.revocation.authorization_server import AuthorizationServer, read
from actas.revocation.propagation import Carried, carry
from actas.store import Database
from cli_support import actas
from keycloak_changes import client, new_client
from keycloak_world import ALICE, World, claims

pytestmark = pytest.mark.slow
REVOKER = "actas-revoker"


@pytest.fixture
def sts(world: World, tmp_path: Path) -> Iterator[Path]:
    """The file that names the realm, with a client that may end sessions and change clients."""
    (tmp_path / "revoker.secret").write_text("revoker-secret\n", encoding="utf-8")
    url = world.keycloak.url
    (tmp_path / "sts.toml").write_text(
        f'[[sts]]\nissuer = "{world.issuer}"\nclient_id = "{REVOKER}"\nclient_secret_file = "revoker.secret"\n'
        f'revocation_endpoint = "{url}/realms/agents/protocol/openid-connect/revoke"\n'
        f'keycloak = "{url}"\nrealm = "agents"\n',
        encoding="utf-8",
    )
    members = {"secret": "revoker-secret", "serviceAccountsEnabled": True, "standardFlowEnabled": False}
    with new_client(world, clientId=REVOKER, fullScopeAllowed=True, **members):
        account = world.admin("GET", f"clients/{client(world, REVOKER)['id']}/service-account-user")
        manager = client(world, "realm-management")["id"]
        wanted = ("manage-users", "manage-clients")
        roles = [world.admin("GET", f"clients/{manager}/roles/{name}") for name in wanted]
        world.admin("POST", f"users/{account['id']}/role-mappings/clients/{manager}", roles)
        yield tmp_path / "sts.toml"


def _secret(world: World, client_id: str) -> str:
    return str(client(world, client_id)["secret"])


def _is_active(world: World, token: str) -> bool:
    """What Keycloak says of *token* to a client that it is for."""
    answer = httpx.post(
        f"{world.keycloak.url}/realms/agents/protocol/openid-connect/token/introspect",
        data={"token": token},
        auth=("on-call", _secret(world, "on-call")),
        trust_env=False,
    )
    active: bool = answer.json()["active"]
    return active


def _carried(sts: Path, entry: dict[str, Any], *tokens: str) -> list[Carried]:
    return list(carry([entry] if entry else [], tokens, read(sts)))


def test_a_revoked_user_is_logged_out_by_the_command(world: World, sts: Path) -> None:
    """Keycloak then says of the tokens of all its sessions that they are not active."""
    store = f"sqlite:///{sts.parent}/receipts.db"
    Database.open(store).close()
    token = world.alice()
    before = _is_active(world, token)

    ran = actas("revoke", "subject", ALICE, "--receipts", store, "--propagate", "--sts", sts, "--json")

    assert (ran.status, ran.complaint) == (0, "")
    assert json.loads(ran.output)["carried"] == [{"what": f"subject {ALICE}", "issuer": world.issuer, "problem": ""}]
    assert (before, _is_active(world, token)) == (True, False)


def test_a_session_is_ended(world: World, sts: Path) -> None:
    """The other sessions of the user go on."""
    one, other = world.alice(), world.alice()
    sid = claims(one)["sid"]
    done = _carried(sts, {"kind": "session", "sid": sid})
    again = _carried(sts, {"kind": "session", "sid": sid})

    assert [item.problem for item in done + again] == ["", "knows no such session"]
    assert (_is_active(world, one), _is_active(world, other)) == (False, True)


def test_what_a_revoked_client_has_is_void(world: World, sts: Path) -> None:
    """Every token that it got until now."""
    before = client(world, "chat-ui")
    token = world.alice()
    try:
        done = _carried(sts, {"kind": "client", "client_id": "chat-ui"})
        assert [item.problem for item in done] == [""]
        assert not _is_active(world, token)
    finally:
        world.admin("PUT", f"clients/{before['id']}", {**before, "notBefore": 0})


def test_a_token_is_revoked_by_the_client_that_has_it(world: World, sts: Path) -> None:
    """RFC 7009: Keycloak takes it from no other client."""
    token, kept = world.alice(), world.alice()
    (sts.parent / "chat.secret").write_text(_secret(world, "chat-ui"), encoding="utf-8")
    (revoker,) = read(sts)
    own = AuthorizationServer(
        issuer=world.issuer,
        client_id="chat-ui",
        client_secret_file=sts.parent / "chat.secret",
        revocation_endpoint=revoker.revocation_endpoint,
    )
    refused = list(carry([], [token], [revoker]))
    done = list(carry([], [token], [own]))

    assert [item.problem for item in done] == [""]
    assert "refuses to revoke the token" in refused[0].problem
    assert (_is_active(world, token), _is_active(world, kept)) == (False, True)


def test_what_keycloak_cannot_be_told_is_said(sts: Path) -> None:
    """There is no way to refuse an actor, a delegation, a chain or a jti there."""
    problems = [
        _carried(sts, entry)[0].problem
        for entry in (
            {"kind": "agent", "id": "on-call"},
            {"kind": "delegation", "sub": ALICE, "actor": "on-call"},
            {"kind": "jti", "jti": "t-1"},
            {"kind": "subject", "sub": "nobody"},
            {"kind": "subject", "sub": ALICE, "iss": "https://other.example.com"},
        )
    ]
    assert [problem.split(":")[0] for problem in problems] == [
        "has no way to revoke by agent",
        "has no way to revoke by delegation",
        "has no way to revoke by jti",
        "knows no such user id",
        "of the configured servers is its issuer",
    ]
