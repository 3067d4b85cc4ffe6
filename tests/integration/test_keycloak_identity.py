"""Who acts: the registry's agent behind Keycloak's client, a declared SPIFFE ID, and a consent that Keycloak stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import keycloak_forgery as forgery
from keycloak_changes import changed_client, new_client
from keycloak_support import SPIFFE_ID
from keycloak_world import ACTORS, ALICE, Asked, World, claims, refused

CALLBACK = "http://127.0.0.1:8932/callback"
CONSENT_SCOPE = "openid orders:read"


def declaring(world: World, spiffe_id: str) -> Any:
    """Give the on-call agent's client the attribute that declares its SPIFFE ID."""
    return changed_client(world, "on-call", attributes={"actas.spiffe_id": spiffe_id})


def test_a_service_account_is_known_by_its_client(world: World) -> None:
    """Keycloak names the agent by a UUID; the registry finds it by client_id, in each hop's decision."""
    for hop in world.chain:
        actor = world.decision(hop.issued["decision_id"])["actor"]
        assert (actor["agent"], actor["sub"]) == (hop.client, ACTORS[hop.client])


def test_a_client_may_act_without_a_token_of_its_own(world: World) -> None:
    """A confidential client that authenticated is known by its client id, where a grant names its agent."""
    first = world.first_hop(world.alice())
    answer = world.tokens.exchange("investigator", first.token, audience="mcp-gateway", scope="orders:read")
    act = {"iss": world.issuer, "sub": "investigator", "act": first.claims["act"]}
    assert answer.claims["act"] == act
    assert world.decision(answer.claims["decision_id"])["actor"]["agent"] == "investigator"


def test_leaving_out_the_actor_token_escapes_no_name(world: World) -> None:
    """Alice's may_act names the agent's service account; a client without that agent's token is not it."""
    answer = world.tokens.exchange("on-call", world.alice(), audience="investigator", scope="orders:read")
    refused(answer, 400, "invalid_request")


def test_a_client_declares_its_workload(world: World) -> None:
    """The registry has this agent under the client id and under this SPIFFE ID, so the declaration stands."""
    with declaring(world, SPIFFE_ID):
        answer = world.first_hop(world.alice())
    line = world.decision(answer.claims["decision_id"])
    assert (line["actor"]["spiffe_id"], line["actor"]["agent"]) == (SPIFFE_ID, "on-call")
    assert answer.claims["act"] == {"iss": world.issuer, "sub": ACTORS["on-call"]}, "declared, and not proven"


@pytest.mark.parametrize(
    "spiffe_id",
    ["spiffe://agents.example/investigator", "spiffe://agents.example/nobody", "spiffe://elsewhere.example/on-call"],
    ids=["another-agent", "no-agent", "another-domain"],
)
def test_a_wrong_workload_is_refused(world: World, spiffe_id: str) -> None:
    """A declared SPIFFE ID that is not that agent's proves nothing, and is not passed over either."""
    with declaring(world, spiffe_id):
        asked = Asked(world)
        refused(world.first_hop(world.alice()), 400, "invalid_request")
    assert asked.codes == ["EVIDENCE_MISSING"]


@pytest.mark.parametrize(
    "spiffe_id", ["on-call", "spiffe://agents.example//on-call", "SPIFFE://agents.example/on-call"]
)
def test_a_malformed_workload_is_refused(world: World, spiffe_id: str) -> None:
    """An attribute that is no SPIFFE ID is a mistake that nobody should act on."""
    with declaring(world, spiffe_id):
        asked = Asked(world)
        refused(world.first_hop(world.alice()), 400, "invalid_request")
    assert "SPIFFE_ID_INVALID" in asked.codes


def test_an_svid_is_no_actor_token_yet(world: World) -> None:
    """Nobody here can verify a JWT-SVID that was not the client's authentication: refused, without a question."""
    svid, subject, asked = forgery.spiffe_token(SPIFFE_ID, world.issuer), world.alice(), Asked(world)
    for kind in ("jwt", "access_token"):
        answer = world.first_hop(subject, actor_token=svid, actor_token_type=f"urn:ietf:params:oauth:token-type:{kind}")
        refused(answer, 400, "invalid_request")
    assert asked.decisions == []


@pytest.fixture
def plain_token(world: World) -> Iterator[str]:
    """Alice's token from a client that says nothing about who may act, addressed to the rogue agent."""
    scopes = ["basic", "acr", "to:rogue-agent"]
    members = {"clientId": "plain-ui", "secret": "plain-secret", "directAccessGrantsEnabled": True}
    members |= {"fullScopeAllowed": False, "defaultClientScopes": scopes, "optionalClientScopes": ["orders:read"]}
    with new_client(world, **members):
        login = {"client_id": "plain-ui", "client_secret": "plain-secret", "grant_type": "password"}
        login |= {"username": "alice", "password": "alice-password", "scope": "orders:read"}
        token = str(world.tokens.post("chat-ui", login).token)
        assert "may_act" not in claims(token)
        yield token


def test_a_stored_consent_is_a_basis_until_it_is_taken_back(world: World, plain_token: str) -> None:
    """Alice consented to this client in Keycloak's own page, and to these scopes; without that nothing links them."""
    asks = {"consentRequired": True, "standardFlowEnabled": True, "redirectUris": [CALLBACK]}
    with changed_client(world, "rogue-agent", **asks):
        before = Asked(world)
        refused(world.tokens.hop("rogue-agent", plain_token, "investigator", "orders:read"), 400, "invalid_request")
        assert before.codes == ["NO_DELEGATION_BASIS"]

        consent(world, "rogue-agent")
        answer = world.tokens.hop("rogue-agent", plain_token, "investigator", "orders:read")
        assert (answer.claims["scope"], answer.claims["sub"]) == ("orders:read", ALICE)
        assert world.decision(answer.claims["decision_id"])["evidence"]["consents"] == "asserted"

        world.admin("DELETE", f"users/{ALICE}/consents/rogue-agent")
        after = Asked(world)
        refused(world.tokens.hop("rogue-agent", plain_token, "investigator", "orders:read"), 400, "invalid_request")
        assert after.codes == ["NO_DELEGATION_BASIS"]


def test_a_consent_does_not_outvote_may_act(world: World) -> None:
    """Where the token names who may act, a stored consent to somebody else is of no use."""
    asks = {"consentRequired": True, "standardFlowEnabled": True, "redirectUris": [CALLBACK]}
    with changed_client(world, "rogue-agent", **asks):
        consent(world, "rogue-agent")
        try:
            asked = Asked(world)
            answer = world.tokens.hop("rogue-agent", world.alice(), "investigator", "orders:read")
            refused(answer, 400, "invalid_request")
            assert asked.codes == ["MAY_ACT_MISMATCH"]
        finally:
            world.admin("DELETE", f"users/{ALICE}/consents/rogue-agent")


def consent(world: World, client_id: str) -> None:
    """Log Alice in at *client_id* in a browser of her own, and let her agree to what it asks for."""
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "scope": CONSENT_SCOPE}
    authorize = f"{world.keycloak.url}/realms/agents/protocol/openid-connect/auth"
    fill = {"username": "alice", "password": "alice-password", "accept": "Yes"}
    assert world.tokens.browser().code(authorize, asked, fill, None)
    (stored,) = world.admin("GET", f"users/{ALICE}/consents")
    assert (stored["clientId"], "orders:read" in stored["grantedClientScopes"]) == (client_id, True)
