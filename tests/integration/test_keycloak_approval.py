"""A deletion needs a human's approval: what the client is told, and what an approval is good for."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keycloak_world import ACTORS, ALICE, MCP, Asked, World, claims, refused

DELETE = "orders:delete"


@pytest.fixture
def subject(world: World) -> str:
    """The token that the gateway holds: two hops away from Alice."""
    first = world.first_hop(world.alice(DELETE), DELETE).token
    return str(world.tokens.hop("investigator", first, "mcp-gateway", DELETE).token)


def delete(world: World, subject: str, *, at: str = MCP, approval: str | list[str] | None = None) -> Any:
    """Ask for the token that deletes, as the gateway."""
    sent = {} if approval is None else {"approval": approval}
    return world.tokens.hop("mcp-gateway", subject, at, DELETE, **sent)


def document(world: World, **changes: Any) -> dict[str, Any]:
    """Bob's approval of exactly this deletion, with *changes*."""
    now = int(time.time())
    return {
        "iss": "https://approvals.example.com",
        "aud": "actas",
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + 45,
        "approver": "bob",
        "subject": ALICE,
        "actor": "mcp-gateway",
        "client_id": "mcp-gateway",
        "target": MCP,
        "scope": DELETE,
    } | changes


def signed(world: World, **changes: Any) -> str:
    """Sign an approval with the key that the registry trusts."""
    key = Path(world.actas.approval_key).read_text(encoding="utf-8")
    headers = {"typ": "actas-approval+jwt", "kid": world.actas.approval_kid}
    return jwt.encode(document(world, **changes), key, "ES256", headers=headers)


def approved(world: World, asked_for: Mapping[str, str]) -> str:
    """Run `actas approve` as Bob does, with what the refusal said that an approval is needed for."""
    command = [sys.executable, "-m", "actas", "approve", "--key", str(world.actas.approval_key), "--approver", "bob"]
    command += ["--kid", world.actas.approval_kid, "--issuer", "https://approvals.example.com", "--for", "45s"]
    for name, value in asked_for.items():
        command += ["--" + name.replace("_", "-"), value]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_deletion_needs_an_approval(world: World, subject: str) -> None:
    """HTTP 403 with a member that says for what an approval is needed, beside the OAuth error."""
    asked = Asked(world)
    answer = delete(world, subject)
    refused(answer, 403, "access_denied")
    assert asked.codes == ["APPROVAL_REQUIRED"]
    (obligation,) = answer.body["obligations"]
    assert (obligation["type"], set(obligation)) == ("approval", {"type", "id", "properties"})
    wanted = {"subject": ALICE, "actor": ACTORS["mcp-gateway"], "client_id": "mcp-gateway", "target": MCP}
    assert obligation["properties"] == {**wanted, "scope": DELETE}


def test_an_approval_is_good_once(world: World, subject: str) -> None:
    """What `actas approve` makes is taken, ends what is issued on it, and is refused the second time."""
    approval = approved(world, delete(world, subject).body["obligations"][0]["properties"])
    asked = Asked(world)
    first = delete(world, subject, approval=approval)
    assert (first.claims["scope"], first.claims["aud"]) == (DELETE, MCP)
    assert first.claims["exp"] <= claims(approval)["exp"]
    assert asked.decisions[0]["approval_ids"] == [claims(approval)["jti"]]
    assert asked.decisions[0]["evidence"]["approvals"] == "verified"

    again = Asked(world)
    refused(delete(world, subject, approval=approval), 403, "access_denied")
    assert again.codes == ["APPROVAL_REVOKED"]


def test_what_is_issued_ends_with_the_approval(world: World, subject: str) -> None:
    """An approval for less time than the lifetime of tokens there is the end of this one."""
    approval = signed(world, exp=int(time.time()) + 40)
    assert delete(world, subject, approval=approval).claims["exp"] <= claims(approval)["exp"]


def test_an_approval_is_for_its_place(world: World, subject: str) -> None:
    """Elsewhere it is refused, and trying that does not use it up."""
    approval, asked = signed(world), Asked(world)
    answer = delete(world, subject, at="archive", approval=approval)
    refused(answer, 403, "access_denied")
    assert asked.codes == ["APPROVAL_MISMATCH"]
    assert answer.body["obligations"][0]["type"] == "approval"
    assert delete(world, subject, approval=approval).status == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "00000000-0000-4000-8000-000000000002"}, "APPROVAL_MISMATCH"),
        ({"actor": "investigator"}, "APPROVAL_MISMATCH"),
        ({"client_id": "investigator"}, "APPROVAL_MISMATCH"),
        ({"scope": "orders:read"}, "APPROVAL_MISMATCH"),
        ({"approver": "mallory"}, "APPROVER_INELIGIBLE"),
        ({"approver": ACTORS["mcp-gateway"]}, "APPROVER_INELIGIBLE"),
        ({"aud": "somebody-else"}, "APPROVAL_UNVERIFIABLE"),
        ({"iss": "https://elsewhere.example.com"}, "APPROVAL_UNVERIFIABLE"),
        ({"exp": 1}, "APPROVAL_UNVERIFIABLE"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_an_approval_of_something_else_is_none(world: World, subject: str, changes: dict[str, Any], code: str) -> None:
    """Subject, actor, client, scope, approver, audience, issuer and time are all part of what was approved."""
    asked = Asked(world)
    refused(delete(world, subject, approval=signed(world, **changes)), 403, "access_denied")
    assert code in asked.codes


def test_a_forged_approval_is_none(world: World, subject: str) -> None:
    """Signed by another key under the trusted key's name, and what is no JWS at all."""
    headers = {"typ": "actas-approval+jwt", "kid": world.actas.approval_kid}
    forged = jwt.encode(document(world), ec.generate_private_key(ec.SECP256R1()), "ES256", headers=headers)
    for approval in (forged, "nonsense"):
        asked = Asked(world)
        refused(delete(world, subject, approval=approval), 403, "access_denied")
        assert asked.codes == ["APPROVAL_UNVERIFIABLE"]


def test_an_approval_replaces_nothing_else(world: World, subject: str) -> None:
    """It widens no ceiling: for a scope that the chain does not have it is of no use."""
    answer = world.tokens.hop("mcp-gateway", subject, MCP, "orders:write", approval=signed(world, scope="orders:write"))
    refused(answer, 400, "invalid_scope")


def test_an_approval_stays_out_of_events_and_logs(world: World, subject: str) -> None:
    """An approval is a credential: neither Keycloak's events nor Actas' log hold it."""
    approval = signed(world)
    answer = delete(world, subject, approval=approval)
    signature = approval.rpartition(".")[2]
    (event,) = [
        each
        for each in world.events("TOKEN_EXCHANGE")
        if each["details"].get("decision_id") == answer.claims["decision_id"]
    ]
    assert signature not in str(event)
    assert signature not in str(world.decisions())
    assert signature not in world.keycloak.log_text()
