"""Exchanges are counted for whoever obtained them, and no more of them are allowed than the limit says."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import AsyncExitStack
from typing import Any

import pytest
from decider_parts import Recorder, Service
from hypothesis import given
from hypothesis import strategies as st
from right_exchange import AGENT, AS, NOW, REGISTRY, SETTINGS, allow, deny, request

from actas.admission import Admission
from actas.decision import Decision, Effect
from actas.engine.result import PolicyResult, parse_result
from actas.errors import ReceiptError
from actas.evidence.single_use import MemorySingleUse
from actas.policy.data import PolicyData
from actas.rates import MemoryRates, RateKey, counted
from actas.rates.memory import PARTS
from actas.request import ExchangeRequest, JsonText, Token

KEY = RateKey("agent", "", "mailer", 10)
BOTH = {"per_agent": {"exchanges": 3, "seconds": 60}, "per_subject": {"exchanges": 5, "seconds": 60}}


def data(limits: dict[str, Any] | None = None, **registry: Any) -> PolicyData:
    """Give policy data with limits."""
    settings = {**SETTINGS, "rate_limits": BOTH if limits is None else limits}
    return PolicyData.merge(settings, {}, {**REGISTRY, **registry}).with_revision("r1")


class Limited(Service):
    """A service whose engine compares counts with the limits as the policy does."""

    def __init__(self, known: PolicyData | None = None, **parts: Any) -> None:
        """Allow what is below the limits."""
        super().__init__(allow(), data=known or data(), **parts)
        evaluate = self.engine.evaluate

        async def compare(policy_input: Any, *, timeout: float) -> PolicyResult:
            await asyncio.sleep(0)
            rates = policy_input["state"]["rates"]
            if rates["agents"]["mailer"] >= 3 or rates["subject"] >= 5:
                self.engine.asked.append(policy_input)
                return parse_result(deny("RATE_LIMITED"))
            return await evaluate(policy_input, timeout=timeout)

        self.engine.evaluate = compare  # type: ignore[method-assign]  # the test's own engine

    def seen(self) -> list[Any]:
        """Give the counts that policy was told."""
        return [question["state"]["rates"] for question in self.engine.asked]


def effects(decisions: list[Decision]) -> list[Effect]:
    """Give the effects."""
    return [decision.effect for decision in decisions]


def test_allowed_exchanges_count_and_denied_ones_do_not() -> None:
    """Whoever is denied is not kept waiting for it."""
    limited = Limited()
    assert effects([limited.decide() for _ in range(5)]) == [Effect.ALLOW] * 3 + [Effect.DENY] * 2
    assert [seen["agents"]["mailer"] for seen in limited.seen()] == [0, 1, 2, 3, 3]
    assert [seen["subject"] for seen in limited.seen()] == [0, 1, 2, 3, 3]


@pytest.mark.parametrize("part", ["subject_token", "actor_token", "client"])
def test_what_proves_nothing_takes_nobodys_place(part: str) -> None:
    """Whoever invents tokens of an agent or a subject does not keep these from obtaining theirs."""
    exchange = request()
    said = {"authenticated": False} if part == "client" else {"verified": False}
    forged = dataclasses.replace(exchange, **{part: dataclasses.replace(getattr(exchange, part), **said)})

    async def beside() -> list[Any]:
        admission = Admission(MemorySingleUse(), MemoryRates(), "actas", 0.0)
        async with AsyncExitStack() as all_of_them:
            for _ in range(9):
                await all_of_them.enter_async_context(admission.hold(forged, data(), NOW))
            async with admission.hold(exchange, data(), NOW) as first, admission.hold(exchange, data(), NOW) as second:
                return [first.usage.rates, second.usage.rates]

    first, second = asyncio.run(beside())
    assert (first["agents"]["mailer"], first["subject"]) == (0, 0)
    assert (second["agents"]["mailer"], second["subject"]) == (1, 1)


def test_of_many_at_once_no_more_are_allowed() -> None:
    """A place is taken before policy is asked."""
    limited = Limited()

    async def all_at_once() -> list[Decision]:
        return await asyncio.gather(*(limited.decider.decide(request(), timeout=5) for _ in range(20)))

    assert effects(asyncio.run(all_at_once())).count(Effect.ALLOW) == 3


def test_what_could_not_be_recorded_does_not_count() -> None:
    """Nothing left the service."""
    recorder = Recorder(ReceiptError("full"))
    limited = Limited(recorder=recorder)
    for _ in range(4):
        with pytest.raises(ReceiptError):
            limited.decide()
    recorder.error = None
    assert effects([limited.decide() for _ in range(4)]).count(Effect.ALLOW) == 3


def test_explaining_takes_no_place() -> None:
    """It says what would be said now."""
    limited = Limited()
    for _ in range(4):
        asyncio.run(limited.decider.rehearse(request(), timeout=1))
    assert {seen["subject"] for seen in limited.seen()} == {0}
    assert limited.decide().effect is Effect.ALLOW


def test_where_nothing_is_limited_nothing_is_counted() -> None:
    """Nor is anything of it in the input."""
    free = Service(allow(), data=data({}))
    free.decide()
    assert "rates" not in free.engine.asked[0]["state"]


def who(exchange: ExchangeRequest, known: PolicyData, **answer: Any) -> tuple[set[RateKey], set[RateKey]]:
    """Give who is looked up for *exchange*, and who is counted when it is allowed with *answer*."""
    concerned = counted(exchange, known.rate_limits, known.index)
    return set(concerned.keys()), set(concerned.allowed(parse_result({**allow(), **answer})))


AGENT_KEY, SUBJECT_KEY = RateKey("agent", "", "mailer", 60), RateKey("subject", AS, "alice", 60)
CLIENT_KEY = RateKey("client", AS, "agent-mail", 60)
NOBODY = {"actor": None, "act": None, "actor_agent": ""}


def test_an_agent_is_counted_under_whatever_identity() -> None:
    """A limit of its own goes before that of all."""
    assert who(request(), data()) == ({AGENT_KEY, CLIENT_KEY, SUBJECT_KEY}, {AGENT_KEY, SUBJECT_KEY})
    own = {"mailer": {"identities": [{"spiffe_id": AGENT}], "rate_limit": {"exchanges": 1, "seconds": 5}}}
    assert who(request(), data({}, agents=own)) == ({AGENT_KEY._replace(seconds=5)},) * 2
    client = {"mailer": {"identities": [{"iss": AS, "client_id": "agent-mail"}]}}
    token = Token(verified=True, claims=JsonText("", {"iss": AS, "sub": "uuid", "client_id": "agent-mail"}))
    exchange = dataclasses.replace(request(), actor_token=token)
    assert who(exchange, data(agents=client))[1] == {AGENT_KEY, SUBJECT_KEY}


def test_who_is_no_agent_is_counted_with_its_client() -> None:
    """Whoever is not in the registry does not escape."""
    assert who(request(), data(agents={}), actor_agent="")[1] == {CLIENT_KEY, SUBJECT_KEY}


def test_who_impersonates_is_counted_as_the_agent_that_it_is() -> None:
    """Leaving out the actor token leaves no limit out."""
    exchange = dataclasses.replace(request(), actor_token=None)
    for identity in ({"iss": AS, "client_id": "agent-mail"}, {"iss": AS, "sub": "agent-mail"}):
        assert who(exchange, data(agents={"mailer": {"identities": [identity]}}), **NOBODY)[1] == {
            AGENT_KEY,
            SUBJECT_KEY,
        }
    assert who(exchange, data(), **NOBODY)[1] == {CLIENT_KEY, SUBJECT_KEY}


@pytest.mark.parametrize("claims", [{"sub": 1}, {"sub": None}, {"iss": []}, {"iss": ""}])
def test_a_subject_that_is_nobody_is_not_looked_up(claims: dict[str, Any]) -> None:
    """Policy then finds no count, and denies."""
    assert who(request(**claims), data())[0] == {AGENT_KEY, CLIENT_KEY}


@given(st.lists(st.floats(0, 40, allow_nan=False), max_size=60), st.integers(1, 5))
def test_in_no_stretch_of_time_more_is_allowed(moments: list[float], most: int) -> None:
    """Wherever the stretch begins; and what is older by a tenth does not count any more."""
    counts, allowed = MemoryRates(), list[float]()
    for moment in sorted(moments):
        now = NOW + moment
        count = counts.take_now([KEY], now)[KEY]
        passes = count < most
        counts.give_back([KEY], [KEY] if passes else [], now)
        recent = [at for at in allowed if at > now - KEY.seconds]
        nearly = [at for at in allowed if at > now - KEY.seconds * (1 + 1 / PARTS) - 1e-6]
        assert len(recent) <= count <= len(nearly)
        if passes:
            allowed.append(now)
    for begin in allowed:
        assert sum(begin <= at < begin + KEY.seconds for at in allowed) <= most


def test_what_is_over_is_forgotten() -> None:
    """The memory is bounded by what counts."""
    counts = MemoryRates()
    for number in range(9000):
        key = KEY._replace(name=str(number))
        counts.take_now([key], NOW + number)
        counts.give_back([key], [key], NOW + number)
    assert len(counts._counts) < 4200
