"""A token that counts once is exchanged by one decision, and by no other."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from typing import Any

import pytest
from decider_parts import Recorder, Service
from right_exchange import AS, NOW, REGISTRY, SETTINGS, Answer, allow, deny, request

from actas.decision import Effect
from actas.errors import EngineError, ReceiptError
from actas.evidence import one_time
from actas.policy.data import PolicyData
from actas.request import AUTHORIZATION_CODE, AuthorizationCode, ExchangeRequest, JsonText, Token

SKEW = SETTINGS["clock_skew_seconds"]
ISSUED = int(NOW) + SKEW
ACTORS = "https://actors.example.com"
ISSUERS = {
    AS: {"roles": ["subject", "may_act"], "one_time": ["subject"]},
    ACTORS: {"roles": ["actor"], "one_time": ["actor"]},
}


def known(**settings: Any) -> PolicyData:
    """Give policy data in which subject tokens count once."""
    return PolicyData.merge({**SETTINGS, **settings}, {}, {**REGISTRY, "issuers": ISSUERS}).with_revision("r1")


def service(answer: Any = None, **parts: Any) -> Service:
    """Give a service whose policy lets everything pass; the ceiling knows better."""
    return Service(answer or allow(), **{"data": known(), **parts})


def asked(jti: object = "t-1", **claims: Any) -> ExchangeRequest:
    """Give the right exchange with a subject token that is told from others by *jti*."""
    return request(jti=jti, iat=ISSUED, **claims)


def unused(used: Service) -> list[Any]:
    """Give what policy was told of the tokens, question by question."""
    return [question["state"].get("unused") for question in used.engine.asked]


def test_a_token_is_used_by_the_allow_that_it_is_exchanged_for() -> None:
    """The next decision is told that it is not unused, and a policy that lets it pass is stopped."""
    used = service()

    assert used.decide(asked()).effect is Effect.ALLOW
    again = used.decide(asked())

    assert [denial.code for denial in again.denials] == ["OUTPUT_WIDENED"]
    assert used.observed.bounds == ["one_time"]
    assert unused(used) == [{"subject_token": True}, None]
    assert used.decide(asked("t-2")).effect is Effect.ALLOW


def test_a_deny_and_an_error_use_nothing_up() -> None:
    """Whoever is denied may come back with the same token."""
    recorder = Recorder()
    used = service(deny("CLIENT_REVOKED", "access_denied"), recorder=recorder)
    assert used.decide(asked()).effect is Effect.DENY
    used.engine.answer = EngineError("down")
    with pytest.raises(EngineError):
        used.decide(asked())
    used.engine.answer, recorder.error = allow(), ReceiptError("full")
    with pytest.raises(ReceiptError):
        used.decide(asked())
    recorder.error = None
    assert used.decide(asked()).effect is Effect.ALLOW


def test_explaining_uses_nothing_up_and_shows_what_was_used() -> None:
    """Explain says what Decide would say now."""
    used = service()
    for expected in (Effect.ALLOW, Effect.ALLOW):
        seen, decision = asyncio.run(used.decider.rehearse(asked(), timeout=1))
        assert (decision.effect, seen["state"]["unused"]) == (expected, {"subject_token": True})
    used.decide(asked())
    seen, decision = asyncio.run(used.decider.rehearse(asked(), timeout=1))
    assert (decision.effect, "unused" in seen["state"]) == (Effect.DENY, False)


def test_while_the_user_is_still_asked_nothing_is_used_up() -> None:
    """The authorization stage issues nothing."""
    code = AuthorizationCode("alice", "agent-mail", "mailer", "authorization")
    asking = dataclasses.replace(asked(), grant_type=AUTHORIZATION_CODE, code=code, actor_token=None)
    answer = {**allow(), "act": {"iss": AS, "sub": "mailer"}, "actor": {"iss": AS, "sub": "mailer"}}
    used = service(answer, data=known(profiles=["on_behalf_of"]))
    for _ in range(2):
        used.decide(asking)
    assert unused(used) == [{"subject_token": True}] * 2


def test_a_token_that_counts_again_is_neither_held_nor_mentioned() -> None:
    """Where no issuer's tokens count once, nothing of this is in the input."""
    used = Service(allow(), data=PolicyData.merge(SETTINGS, {}, REGISTRY).with_revision("r1"))
    for _ in range(2):
        assert used.decide(asked()).effect is Effect.ALLOW
    assert unused(used) == [None, None]


def test_of_many_at_once_one_is_allowed() -> None:
    """In one process; the store's tests have several."""
    used = service()

    async def all_at_once() -> list[Effect]:
        decisions = await asyncio.gather(
            *(used.decider.decide(asked(), timeout=5, in_step=n % 2 == 0) for n in range(20))
        )
        return [decision.effect for decision in decisions]

    assert asyncio.run(all_at_once()).count(Effect.ALLOW) == 1


ONE_TIME = {AS: {"subject": True}, ACTORS: {"actor": True}}


def tickets(exchange: ExchangeRequest, since: float = -math.inf) -> dict[str, tuple[str, str, int, str]]:
    """Give the tickets of *exchange*, plainly."""
    found = one_time.tickets(exchange, ONE_TIME, skew=SKEW, since=since)
    return {member: (t.issuer, t.id, t.until, t.kind) for member, t in found.items()}


def test_a_ticket_lasts_as_long_as_the_token_is_accepted() -> None:
    """Its name is that of this issuer's token, and no approval's."""
    exp = int(NOW) + 3600
    assert tickets(asked()) == {"subject_token": (AS, "t-1", exp + SKEW + 1, "token")}
    assert tickets(asked(exp=exp + 0.5)) == tickets(asked())
    actor = Token(verified=True, header={}, claims=JsonText("", {"iss": ACTORS, "sub": "a", "jti": "x", "exp": exp}))
    both = dataclasses.replace(asked(), actor_token=actor)
    assert tickets(both).keys() == {"subject_token", "actor_token"}


def without(name: str) -> ExchangeRequest:
    """Give the exchange with a claim of its subject token left out."""
    exchange = asked()
    assert exchange.subject_token is not None
    assert exchange.subject_token.claims is not None
    claims = {member: value for member, value in exchange.subject_token.claims.value.items() if member != name}
    token = dataclasses.replace(exchange.subject_token, claims=JsonText("", claims))
    return dataclasses.replace(exchange, subject_token=token)


@pytest.mark.parametrize(
    "exchange",
    [
        *(asked(odd) for odd in ("", None, 1, [], {})),
        *(asked(exp=odd) for odd in ("tomorrow", None, True)),
        *(without(name) for name in ("jti", "exp", "iss")),
        asked(iss="https://other.example.com"),
        asked(iss=ACTORS),
        *(dataclasses.replace(asked(), subject_token=odd) for odd in (None, Token(verified=True))),
    ],
)
def test_what_cannot_be_told_from_another_has_no_ticket(exchange: ExchangeRequest) -> None:
    """So policy is not told that it is unused."""
    assert tickets(exchange) == {}


def test_an_unverified_token_uses_nobodys_up() -> None:
    """Whoever makes a token up that names another's does not keep that other one waiting."""
    exchange = asked()
    assert exchange.subject_token is not None
    forged = dataclasses.replace(exchange, subject_token=dataclasses.replace(exchange.subject_token, verified=False))
    assert tickets(forged) == {}


def test_without_a_store_what_was_issued_before_the_start_counts_as_used() -> None:
    """However much the issuer's clock may be ahead."""
    assert tickets(asked(), since=NOW - 1).keys() == {"subject_token"}
    assert tickets(request(jti="t-1", iat=ISSUED - 2), since=NOW - 1) == {}
    assert tickets(without("iat"), since=NOW - 1) == {}
    assert tickets(without("iat")).keys() == {"subject_token"}
    assert tickets(request(jti="t-1", iat="then"), since=NOW - 1) == {}


def findings(issuer: Answer) -> list[str]:
    """Give what is wrong with a registry that has *issuer*."""
    data = PolicyData.merge(SETTINGS, {}, {**REGISTRY, "issuers": {**REGISTRY["issuers"], ACTORS: issuer}})
    return [finding.message for finding in data.findings]


def test_a_role_that_the_issuer_lacks_is_a_mistake() -> None:
    """As is a role in which nothing is presented, or an empty list."""
    assert findings({"roles": ["actor"], "one_time": ["actor"]}) == []
    (missing,) = findings({"roles": ["actor"], "one_time": ["subject"]})
    assert missing.startswith("this issuer has no role 'subject'")
    assert findings({"roles": ["actor"], "one_time": ["act"]})
    assert findings({"roles": ["actor"], "one_time": []})
    assert findings({"roles": ["actor"], "one_time": True})


@pytest.mark.parametrize("exp", [10**300, 1e300, -1e300], ids=["integer", "number", "before all time"])
def test_an_end_beyond_all_counting_is_one_that_a_store_can_count(exp: float) -> None:
    """One token must not keep the store from remembering all others that are written with it."""
    found = one_time.tickets(asked(exp=exp), {AS: {"subject": True}}, skew=SKEW, since=0)
    assert 0 <= found["subject_token"].until < 2**40
