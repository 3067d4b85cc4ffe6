"""Protocol mappers of the realm, which write whatever they like into a token, do not write over the decision."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest

from keycloak_changes import added_mapper
from keycloak_world import ACTORS, STRONG, Asked, World, claims, refused

BOB = "00000000-0000-4000-8000-000000000002"


def writing(world: World, claim: str, value: Any) -> AbstractContextManager[None]:
    """Have the on-call agent's tokens carry *claim*."""
    kind = "long" if isinstance(value, int) else "String" if isinstance(value, str) else "JSON"
    text = value if isinstance(value, str) else json.dumps(value)
    config = {"claim.name": claim, "claim.value": text, "jsonType.label": kind}
    return added_mapper(world, "on-call", "oidc-hardcoded-claim-mapper", **config)


def exchange(world: World, subject: str, change: AbstractContextManager[None]) -> Any:
    """Exchange *subject* with an actor token from before the *change*, so that this reaches the new token alone."""
    actor = world.tokens.client_credentials("on-call").token
    with change:
        return world.tokens.exchange("on-call", subject, actor=actor, audience="investigator", scope="orders:read")


def test_a_mapped_may_act_is_removed(world: World) -> None:
    """A client's own mapper would let an agent of the realm's choice act next, without Alice."""
    change = writing(world, "may_act", {"sub": ACTORS["investigator"]})
    assert "may_act" not in exchange(world, world.alice(), change).claims


@pytest.mark.parametrize("claim", ["act", "decision_id", "txn"])
def test_a_mapped_claim_of_the_decision_is_replaced(world: World, claim: str) -> None:
    """Who acts, and on which decision, is what was decided, whatever a mapper says."""
    change, asked = writing(world, claim, {"sub": "nobody"} if claim == "act" else "forged"), Asked(world)
    issued = exchange(world, world.alice(), change).claims
    (line,) = asked.decisions
    assert issued["act"] == {"iss": world.issuer, "sub": ACTORS["on-call"]}
    assert (issued["decision_id"], issued["txn"]) == (line["decision_id"], line["root_decision_id"])


@pytest.mark.parametrize(("claim", "value"), [("acr", STRONG), ("auth_time", 4102444800)])
def test_a_mapped_login_is_replaced(world: World, claim: str, value: Any) -> None:
    """A mapper cannot make a strong or a recent login of Alice's."""
    subject = world.weak[1]
    issued = exchange(world, subject, writing(world, claim, value)).claims
    assert (issued["acr"], issued["auth_time"]) == (claims(subject)["acr"], claims(subject)["auth_time"])


@pytest.mark.parametrize(
    ("claim", "value", "description"),
    [
        ("sub", BOB, "sub is not that of the decision"),
        ("azp", "chat-ui", "the client is not that of the decision"),
    ],
)
def test_another_party_than_was_decided_about_is_refused(
    world: World, claim: str, value: str, description: str
) -> None:
    """A mapper can change sub and azp; the token is then not the one that was decided."""
    answer = exchange(world, world.alice(), writing(world, claim, value))
    refused(answer, 400, "access_denied")
    assert answer.body["error_description"] == description


@pytest.mark.parametrize(
    ("claim", "value"),
    [("scope", "orders:delete"), ("iss", "https://elsewhere.example.com"), ("exp", 4102444800), ("exp", 0)],
)
def test_what_a_mapper_cannot_change_stays(world: World, claim: str, value: Any) -> None:
    """Keycloak keeps mappers from these; were that to change, the token would have to be refused."""
    asked = Asked(world)
    issued = exchange(world, world.alice(), writing(world, claim, value)).claims
    (line,) = asked.decisions
    assert (issued["scope"], issued["iss"]) == ("orders:read", world.issuer)
    assert 0 < issued["exp"] - issued["iat"] <= line["issued"]["max_lifetime_seconds"]


def test_a_mapped_audience_is_left_out(world: World) -> None:
    """A custom audience beside the one that was decided would make a token for two."""
    change = added_mapper(world, "on-call", "oidc-audience-mapper", **{"included.custom.audience": "elsewhere"})
    assert exchange(world, world.alice(), change).claims["aud"] == "investigator"
