"""The MCP server at the end of the chain accepts only what was issued for it, and says who acted."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mcp_support import DEMO, GATEWAY, REALM, Orders, Realm, by_hand


@pytest.fixture(scope="module")
def realm() -> Iterator[Realm]:
    """One realm for all tests."""
    made = Realm()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def orders(realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orders]:
    """One server for all tests."""
    started = Orders(realm, tmp_path_factory.mktemp("orders"))
    yield started
    started.process.terminate()
    assert started.process.wait(10) in (0, -15)


@pytest.fixture(scope="module")
def agent() -> ModuleType:
    """The module with which the story's agents call the server."""
    spec = importlib.util.spec_from_file_location("orders_client", DEMO / "orders_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["orders_client"] = module
    spec.loader.exec_module(module)
    return module


def test_a_token_for_this_server_calls_a_tool(orders: Orders, realm: Realm, agent: ModuleType) -> None:
    """The MCP client gets the orders, and the log names everybody in the chain, but holds no token."""
    token = realm.token(orders.resource)

    answer = agent.call(orders.resource, token, "query_orders", {"state": "stuck"})

    assert not answer.error
    assert json.loads(answer.text) == {"order": 1003, "customer": "Vega", "state": "stuck", "minutes": 210}
    line = orders.last()
    assert line["event"] == "call"
    assert line["chain"] == ["alice", "on-call", "mcp-gateway"]
    assert (line["decision_id"], line["jti"]) == ("d-1", "j-1")
    assert token not in orders.text()
    assert token.rpartition(".")[2] not in orders.text()


def test_a_tool_that_needs_more_scope_is_refused(orders: Orders, realm: Realm, agent: ModuleType) -> None:
    """A token to read with does not delete; a token to delete with does, once."""
    reads = realm.token(orders.resource)
    deletes = realm.token(orders.resource, scope="orders:delete")

    refused = agent.call(orders.resource, reads, "delete_order", {"order": 1002})
    line = orders.last()
    deleted = agent.call(orders.resource, deletes, "delete_order", {"order": 1002})
    gone = agent.call(orders.resource, deletes, "delete_order", {"order": 1002})

    assert refused.error
    assert refused.text.endswith("insufficient_scope: delete_order needs orders:delete")
    assert (line["event"], line["why"], line["chain"]) == ("refused", "scope", ["alice", "on-call", "mcp-gateway"])
    assert (deleted.error, deleted.text) == (False, "order 1002 is deleted")
    assert gone.error
    assert agent.call(orders.resource, deletes, "query_orders").error


def test_the_metadata_names_the_realm(orders: Orders, agent: ModuleType) -> None:
    """RFC 9728: without a token, the answer says where the document is, and that says who issues tokens."""
    refusal = agent.present(orders.resource, None)
    where = refusal.challenge.partition('resource_metadata="')[2].partition('"')[0]

    document = httpx.get(where, trust_env=False).json()

    assert refusal.status == 401
    assert where.endswith("/.well-known/oauth-protected-resource/mcp")
    assert document["resource"] == orders.resource
    assert document["authorization_servers"] == [REALM]
    assert document["scopes_supported"] == ["orders:delete", "orders:read"]
    assert document["bearer_methods_supported"] == ["header"]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("another audience", {"aud": "mcp-gateway"}, "audience"),
    ("one more audience", {"aud": ["{resource}", "mcp-gateway"]}, "audience"),
    ("a longer resource", {"aud": "{resource}/"}, "audience"),
    ("no audience", {"aud": None}, "claims"),
    ("no actor", {"act": None}, "act"),
    ("an actor without a name", {"act": {"client_id": "mcp-gateway"}}, "act"),
    ("an act that is a list", {"act": [{"sub": "mcp-gateway"}]}, "act"),
    ("an unnamed actor below", {"act": {"sub": GATEWAY, "act": {}}}, "act"),
    ("another realm", {"iss": "https://auth.example.com/realms/other"}, "issuer"),
    ("an expired token", {"iat": 1_700_000_000, "exp": 1_700_000_060}, "expired"),
    ("a token without an end", {"exp": None}, "claims"),
    ("a token from the future", {"iat": 4_000_000_000, "exp": 4_000_000_060}, "claims"),
    ("an ID token", {"typ": "ID"}, "type"),
    ("a refresh token", {"typ": "Refresh"}, "type"),
    ("a token without typ", {"typ": None}, "claims"),
    ("a scope that is a list", {"scope": ["orders:read"]}, "claims"),
    ("Alice's own token, passed through", {"aud": "on-call", "act": None, "azp": "chat-ui"}, "audience"),
]


@pytest.mark.parametrize(("changes", "why"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_token_that_is_not_for_here_gets_401(
    orders: Orders, realm: Realm, agent: ModuleType, changes: dict[str, Any], why: str
) -> None:
    """The realm signed it, and still it is refused; the log says why, the caller only where to find the metadata."""
    changed = json.loads(json.dumps(changes).replace("{resource}", orders.resource))

    refusal = agent.present(orders.resource, realm.token(orders.resource, **changed))

    assert refusal.status == 401
    assert 'error="invalid_token"' in refusal.challenge
    assert "resource_metadata=" in refusal.challenge
    assert orders.last() == {"event": "refused", "why": why}


def test_a_token_that_the_realm_did_not_sign_gets_401(orders: Orders, realm: Realm, agent: ModuleType) -> None:
    """No signature, another key under the realm's `kid`, HMAC with the public key, an unknown `kid`."""
    claims = realm.claims(orders.resource)
    foreign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = realm.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    genuine = realm.token(orders.resource)
    body, _, signature = genuine.rpartition(".")
    forged = {
        by_hand(claims, "none"): "algorithm",
        by_hand(claims, "HS256", public): "algorithm",
        jwt.encode(claims, realm.rsa, algorithm="RS512", headers={"kid": "rsa"}): "algorithm",
        jwt.encode(claims, foreign, algorithm="RS256", headers={"kid": "rsa"}): "signature",
        jwt.encode(claims, realm.encryption, algorithm="RS256", headers={"kid": "enc"}): "key",
        jwt.encode(claims, realm.rsa, algorithm="RS256", headers={"kid": "ec"}): "key",
        jwt.encode(claims, foreign, algorithm="RS256", headers={"kid": "elsewhere"}): "key",
        jwt.encode(claims, realm.rsa, algorithm="RS256"): "key",
        f"{body}.{signature[:-8]}AAAAAAAA": "signature",
        "a.b.c": "malformed",
        "x" * 20_000: "size",
    }

    for token, why in forged.items():
        assert agent.present(orders.resource, token).status == 401, why
        assert orders.last() == {"event": "refused", "why": why}
    # An invented kid makes it ask the realm anew, but not each time.
    assert realm.asked <= 4


def test_an_elliptic_key_of_the_realm_is_as_good(orders: Orders, realm: Realm, agent: ModuleType) -> None:
    """ES256 is in the allow-list, and an audience of one is the same as the plain name."""
    claims = realm.claims(orders.resource, aud=[orders.resource])
    token = jwt.encode(claims, realm.ec, algorithm="ES256", headers={"kid": "ec"})

    assert not agent.call(orders.resource, token, "query_orders").error


def test_without_the_realm_nobody_gets_in(realm: Realm, agent: ModuleType, tmp_path: Path) -> None:
    """Keys that cannot be fetched are no reason to let anybody in."""
    silent = Realm()
    silent.server.shutdown()
    silent.server.server_close()
    alone = Orders(silent, tmp_path)
    try:
        assert agent.present(alone.resource, realm.token(alone.resource)).status == 401
        assert alone.last() == {"event": "refused", "why": "key"}
    finally:
        alone.process.terminate()
        alone.process.wait(10)


def test_it_leaves_nothing_running(realm: Realm, tmp_path: Path) -> None:
    """SIGTERM ends it, and its port is free again."""
    started = Orders(realm, tmp_path)
    started.process.terminate()
    started.process.wait(10)

    with pytest.raises(ProcessLookupError):
        os.kill(started.process.pid, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(started.resource, trust_env=False)
