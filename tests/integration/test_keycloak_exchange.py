"""Three hops through a real Keycloak: what each token says, and that every word of it was decided."""

from __future__ import annotations

import time

import jwt

from keycloak_world import ACTORS, ALICE, MCP, Asked, World

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def test_every_hop_adds_its_actor_and_keeps_those_before(world: World) -> None:
    """The act claim nests: the current actor by iss and sub outside, the act of the subject token unchanged inside."""
    expected = None
    for hop in world.chain:
        level = {"iss": world.issuer, "sub": ACTORS[hop.client]}
        expected = level if expected is None else {**level, "act": expected}
        assert hop.issued["act"] == expected


def test_the_act_is_the_one_that_was_decided(world: World) -> None:
    """What Actas logged as the chain of the issued token is what the token says, level by level."""
    for hop in world.chain:
        levels, act = [], hop.issued["act"]
        while act is not None:
            levels.append({name: act[name] for name in act if name != "act"})
            act = act.get("act")
        assert world.decision(hop.issued["decision_id"])["chain"] == levels


def test_scope_narrows_at_each_hop(world: World) -> None:
    """Each token has exactly the decided scopes, fewer than were asked for, and never one that the subject lacked."""
    granted = [set(hop.issued["scope"].split()) for hop in world.chain]
    assert granted == [{"metrics:read", "orders:read"}, {"orders:read"}, {"orders:read"}]
    for hop, scope in zip(world.chain, granted, strict=True):
        assert scope == set(world.decision(hop.issued["decision_id"])["issued"]["scope"])
        assert scope <= set(hop.subject["scope"].split())
    assert set(world.chain[0].scope.split()) - granted[0] == {"orders:write"}


def test_the_response_says_the_scope_of_the_token(world: World) -> None:
    """A client that reads `scope` in the response is told the truth (RFC 6749, section 5.1)."""
    for hop in world.chain:
        assert hop.answer.body["scope"].split() == hop.issued["scope"].split()


def test_a_token_lives_no_longer_than_decided(world: World) -> None:
    """It ends at most at iat plus the decided lifetime, not_after, and the end of the subject token."""
    for hop in world.chain:
        issued = world.decision(hop.issued["decision_id"])["issued"]
        assert 0 < hop.issued["exp"] - hop.issued["iat"] <= issued["max_lifetime_seconds"]
        assert hop.issued["exp"] <= issued["not_after"] <= hop.subject["exp"]


def test_lifetimes_narrow_at_each_hop(world: World) -> None:
    """Every token of this chain lives shorter than the one that it was exchanged for."""
    lifetimes = [hop.issued["exp"] - hop.issued["iat"] for hop in world.chain]
    alice = world.chain[0].subject
    assert alice["exp"] - alice["iat"] > lifetimes[0] > lifetimes[1] > lifetimes[2]


def test_expires_in_is_that_of_the_token(world: World) -> None:
    """The response does not promise more than the token holds; Keycloak counts from its own clock."""
    subject = world.alice()
    answer = world.first_hop(subject)
    left = answer.claims["exp"] - time.time()
    assert left - 1 <= answer.body["expires_in"] <= left + 3
    assert answer.body["expires_in"] <= answer.claims["exp"] - answer.claims["iat"]


def test_every_token_names_its_decision(world: World) -> None:
    """decision_id is that of an ALLOW in Actas' log, another one for each hop, and each hop knows its parent."""
    ids = [hop.issued["decision_id"] for hop in world.chain]
    assert len(set(ids)) == len(ids)
    lines = [world.decision(decision_id) for decision_id in ids]
    assert [line["effect"] for line in lines] == ["ALLOW"] * 3
    assert [line.get("parent_decision_id") for line in lines] == [None, ids[0], ids[1]]


def test_the_transaction_is_the_same_along_the_chain(world: World) -> None:
    """The txn is the id of the first decision, in every token that comes of it."""
    first = world.chain[0].issued["decision_id"]
    assert [hop.issued["txn"] for hop in world.chain] == [first] * 3
    assert {world.decision(hop.issued["decision_id"])["root_decision_id"] for hop in world.chain} == {first}


def test_alice_stays_the_subject(world: World) -> None:
    """Delegation changes who acts, not on whose behalf; azp is the client that asked."""
    for hop in world.chain:
        assert (hop.issued["sub"], hop.issued["azp"], hop.issued["iss"]) == (ALICE, hop.client, world.issuer)


def test_a_token_is_for_exactly_one_audience(world: World) -> None:
    """The audience is the target that was asked for and decided, and nobody else's."""
    for hop in world.chain:
        aud = hop.issued["aud"]
        assert ([aud] if isinstance(aud, str) else aud) == [hop.audience]
        assert world.decision(hop.issued["decision_id"])["issued"]["audience"] == [hop.audience]


def test_may_act_does_not_survive_its_hop(world: World) -> None:
    """Alice's may_act named the first agent; a token that still had it would name it for the next hop as well."""
    assert world.chain[0].subject["may_act"]["client_id"] == "on-call"
    for hop in world.chain:
        assert "may_act" not in hop.issued


def test_an_access_token_is_all_that_is_issued(world: World) -> None:
    """No refresh token and no ID token, which would carry neither act nor the decided end."""
    for hop in world.chain:
        body = hop.answer.body
        assert (body["issued_token_type"], body["token_type"]) == (ACCESS_TOKEN, "Bearer")
        assert not {"refresh_token", "id_token", "refresh_expires_in"} & {name for name in body if body[name]}
        assert hop.answer.headers["cache-control"] == "no-store"


def test_the_login_is_that_of_the_subject_token(world: World) -> None:
    """Its acr and auth_time are repeated along the chain as Alice's own token has them."""
    login = {name: world.chain[0].subject.get(name) for name in ("acr", "amr", "auth_time")}
    assert login["acr"] == "urn:actas:acr:pwd"
    for hop in world.chain:
        assert {name: hop.issued.get(name) for name in login} == login


def test_what_was_written_into_the_token_is_signed(world: World) -> None:
    """The realm's key has signed act, exp and decision_id, so that a resource server may rely on them."""
    keys = world.keys()
    for hop in world.chain:
        key = keys[jwt.get_unverified_header(hop.token)["kid"]]
        late = {"verify_exp": False}  # the chain may have been made a while ago
        verified = jwt.decode(hop.token, key, ["RS256"], late, audience=hop.audience, issuer=world.issuer)
        assert verified["act"] == hop.issued["act"]


def test_the_event_of_an_exchange_names_its_decision(world: World) -> None:
    """Keycloak's event details and Actas' log can be joined on decision_id, and the event holds no token."""
    events = {event["details"].get("decision_id"): event for event in world.events("TOKEN_EXCHANGE")}
    for hop in world.chain:
        event = events[hop.issued["decision_id"]]
        assert (event["clientId"], event["userId"]) == (hop.client, ALICE)
        assert "eyJ" not in str(event)


def test_a_token_may_be_exchanged_again_later(world: World) -> None:
    """Each token of the chain is as good for the next hop as before, and no exchange ended Alice's session."""
    alice, first, second = (hop.subject_token for hop in world.three_hops())
    time.sleep(2.1)
    assert world.tokens.hop("mcp-gateway", second, MCP, "orders:read").status == 200
    assert world.tokens.hop("investigator", first, "mcp-gateway", "orders:read").status == 200
    assert world.first_hop(alice).status == 200


def test_one_exchange_is_one_question(world: World) -> None:
    """Actas is asked once, about this client, subject and target; a login or an agent's own token asks nothing."""
    asked = Asked(world)
    subject = world.alice()
    world.tokens.client_credentials("on-call")
    assert asked.decisions == []

    answer = world.first_hop(subject)
    (line,) = asked.decisions
    assert line["decision_id"] == answer.claims["decision_id"]
    assert (line["client"]["client_id"], line["subject"]["sub"]) == ("on-call", ALICE)
    assert (line["target"], line["requested_scope"]) == (["investigator"], "orders:read")
    assert (line["authorization_server"], line["actor"]["sub"]) == (world.issuer, ACTORS["on-call"])


def test_no_token_reaches_a_log(world: World) -> None:
    """Neither server's log holds a token that was presented or issued, nor a part that would be as good."""
    logs = world.keycloak.log_text() + world.actas.log_text()
    for hop in world.chain:
        for token in (hop.subject_token, hop.token):
            assert token.rpartition(".")[2] not in logs
