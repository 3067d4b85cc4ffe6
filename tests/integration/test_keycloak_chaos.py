"""Sixteen clients exchange while Actas is killed and started again: no token without a decision that covers it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from kc_actas import Actas
from kc_tokens import Response, claims

from keycloak_faults import NO_DECISION, Exchanges, levels, uncovered
from keycloak_world import World

pytestmark = pytest.mark.slow

CLIENTS, SECONDS, KILLS = 16, 60.0, 5
# Between a start and the next kill, and until the next start, which itself takes a few seconds.
UP_SECONDS, DOWN_SECONDS = 6.0, 1.5


@dataclass
class Seen:
    """What the clients saw: every answer with the moment it came, on the monotonic clock."""

    answers: list[tuple[float, Response]] = field(default_factory=list)
    up: list[tuple[float, float]] = field(default_factory=list)
    """When Actas was there: from, to."""

    def issued(self) -> list[Response]:
        """Every answer that holds a token."""
        return [answer for _, answer in self.answers if "access_token" in answer.body]

    def issued_between(self, start: float, end: float) -> int:
        """How many tokens came between two moments."""
        return sum(start <= at <= end and "access_token" in answer.body for at, answer in self.answers)


def client(exchanges: Exchanges, seen: Seen, over: threading.Event) -> None:
    """Exchange again and again: the first hop, then the second with what the first one gave."""
    while not over.is_set():
        first = exchanges.first()
        seen.answers.append((time.monotonic(), first))
        if first.status == 200:
            second = exchanges.second_of(first.token)
            seen.answers.append((time.monotonic(), second))


def killer(actas: Actas, seen: Seen, over: threading.Event) -> None:
    """Kill Actas five times, start it again each time, and end it all when the time is over."""
    end = time.monotonic() + SECONDS
    up = time.monotonic()
    try:
        for _ in range(KILLS):
            time.sleep(UP_SECONDS)
            actas.kill()
            seen.up.append((up, time.monotonic()))
            time.sleep(DOWN_SECONDS)
            actas.start()
            up = time.monotonic()
        time.sleep(max(UP_SECONDS, end - time.monotonic()))
        seen.up.append((up, time.monotonic()))
    finally:
        over.set()


@pytest.fixture(scope="module")
def seen(world: World) -> Seen:
    """Run it once."""
    everybody = [Exchanges(world.tokens) for _ in range(CLIENTS)]
    for exchanges in everybody[:2]:
        exchanges.ready()
    seen = Seen()
    over = threading.Event()
    chaos = threading.Thread(target=killer, args=(world.actas, seen, over))
    chaos.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(client, exchanges, seen, over) for exchanges in everybody]:
                done.result()
    finally:
        chaos.join()
    print(f"{len(seen.answers)} answers, {len(seen.issued())} tokens, {len(seen.up)} lives of Actas")
    return seen


def test_every_token_has_a_decision_that_covers_it(world: World, seen: Seen) -> None:
    """Each issued JWT is held against Actas' log of all its lives: id, sub, scope, aud, act, client and exp."""
    decisions = {line["decision_id"]: line for line in world.decisions()}
    issued = [claims(answer.token) for answer in seen.issued()]
    assert len(issued) >= 100
    wrong = [problem for token in issued if (problem := uncovered(token, decisions))]
    assert wrong == [], f"{len(wrong)} of {len(issued)}"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("decision_id", "01900000-0000-7000-8000-000000000000"),
        ("sub", "somebody-else"),
        ("azp", "rogue-agent"),
        ("scope", "orders:read orders:delete"),
        ("aud", ["archive"]),
        ("act", None),
        ("act", {"sub": "somebody-else"}),
        ("txn", "01900000-0000-7000-8000-000000000000"),
        ("exp", 4102444800),
        ("iat", 1),
        ("may_act", {"sub": "somebody-else"}),
    ],
)
def test_the_comparison_would_notice(world: World, seen: Seen, claim: str, value: object) -> None:
    """A token that differs in one claim is told from its decision."""
    decisions = {line["decision_id"]: line for line in world.decisions()}
    token = claims(seen.issued()[0].token)
    assert uncovered(token, decisions) == ""
    assert uncovered({**token, claim: value}, decisions) != ""


def test_no_decision_is_used_twice(seen: Seen) -> None:
    """As many decisions as tokens, and as many tokens as answers that hold one."""
    issued = [claims(answer.token) for answer in seen.issued()]
    assert len({token["decision_id"] for token in issued}) == len(issued)
    assert len({token["jti"] for token in issued}) == len(issued)


def test_the_answer_says_what_the_token_says(seen: Seen) -> None:
    """Scope and lifetime beside the token are those in it, and there is no other token beside it."""
    for answer in seen.issued():
        token = claims(answer.token)
        assert set(str(answer.body["scope"]).split()) == set(token["scope"].split())
        assert abs(answer.body["expires_in"] - (token["exp"] - token["iat"])) <= 2
        assert "refresh_token" not in answer.body


def test_both_hops_were_issued(seen: Seen) -> None:
    """A run of first hops alone would prove little about chains."""
    depths = Counter(len(levels(claims(answer.token)["act"])) for answer in seen.issued())
    assert depths.keys() == {1, 2}
    assert min(depths.values()) >= 50


def test_whatever_was_refused_was_refused_for_want_of_a_decision(seen: Seen) -> None:
    """No 500, no half an answer, no other error."""
    refused = Counter((answer.status, str(answer.body)) for _, answer in seen.answers if answer.status != 200)
    status, body = NO_DECISION
    assert refused.keys() == {(status, str(body))}


def test_exchanges_succeed_in_each_life_of_actas(seen: Seen) -> None:
    """Actas was killed five times, each time it was used before, and it was used again after the last time."""
    assert len(seen.up) == KILLS + 1
    assert all(seen.issued_between(start, end) >= 10 for start, end in seen.up)
