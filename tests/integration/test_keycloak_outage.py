"""Actas is down, hangs, or is back: what a client of Keycloak sees, and how soon it sees it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from kc_tokens import Response

from keycloak_faults import NO_DECISION, Exchanges, nobody_answers, seconds, within
from keycloak_world import World

pytestmark = pytest.mark.slow

# The figures to reach, in seconds.
DOWN, HANGING = 0.050, 0.320
# What a refusal without Actas takes on a machine that is not busy with something else.
ORDINARY = 0.020
# Longer than gRPC's own wait between attempts to connect at first, which doubles with every attempt.
LONG_DOWN = 12.0


@pytest.fixture(scope="module")
def exchanges(world: World) -> Exchanges:
    """Exchanges whose tokens are there before anything breaks; Keycloak has compiled the way to a refusal."""
    exchanges = Exchanges(world.tokens)
    exchanges.ready()
    for _ in range(200):
        exchanges.refused_before_actas()
        exchanges.first()
    return exchanges


@pytest.fixture
def ordinary(exchanges: Exchanges) -> list[float]:
    """How long a refusal takes that has nothing to do with Actas."""
    answers, took = seconds(exchanges.refused_before_actas, 15)
    assert {(answer.status, answer.error) for answer in answers} == {(400, "invalid_request")}
    return took


@pytest.fixture(autouse=True)
def _healthy(world: World, exchanges: Exchanges) -> None:
    """Each test begins with an Actas that answers."""
    del world
    assert exchanges.first().status == 200


def refusals(call: Callable[[], Response], times: int) -> list[float]:
    """Call several times, and see each refused without a token and without telling what is broken."""
    answers, took = seconds(call, times)
    assert [(answer.status, answer.body) for answer in answers] == [NO_DECISION] * times
    return took


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_down_is_refused_at_once_and_back_is_back_at_the_first_exchange(
    world: World, exchanges: Exchanges, ordinary: list[float], how: str
) -> None:
    """Stopped or killed: a refusal is as quick as any other; the first exchange after the start is issued."""
    getattr(world.actas, how)()
    took = refusals(exchanges.first, 15)
    if how == "kill":
        # Long enough for the attempts to connect to have become rare.
        end = time.monotonic() + LONG_DOWN
        while time.monotonic() < end:
            took += refusals(exchanges.first, 1)
            time.sleep(0.5)
    world.actas.start()
    back = exchanges.first()
    assert back.status == 200, back.body
    assert not within(took, DOWN, ordinary, ORDINARY)


def test_nobody_asks_while_it_is_down_and_back_is_still_back_at_once(world: World, exchanges: Exchanges) -> None:
    """Without any exchange meanwhile, nothing but the provider itself notices that Actas is there again."""
    world.actas.kill()
    time.sleep(LONG_DOWN)
    world.actas.start()
    back = exchanges.first()
    assert back.status == 200, back.body


def test_hanging_is_refused_within_the_deadline(world: World, exchanges: Exchanges, ordinary: list[float]) -> None:
    """A process that is stopped with its connections open costs the deadline, and no more; then it goes on."""
    world.actas.freeze()
    try:
        took = refusals(exchanges.first, 9)
    finally:
        world.actas.thaw()
    back = exchanges.first()
    assert back.status == 200, back.body
    assert statistics.median(took) >= 0.2, "it was not the deadline that ended it"
    assert not within(took, HANGING, ordinary, ORDINARY)


def test_a_host_that_takes_connections_and_says_nothing(
    world: World, exchanges: Exchanges, ordinary: list[float]
) -> None:
    """There is no connection to be had, so the deadline ends it as well; then Actas is there at the first exchange."""
    world.actas.stop()
    with nobody_answers(world.actas.address):
        took = refusals(exchanges.first, 5)
    world.actas.start()
    back = exchanges.first()
    assert back.status == 200, back.body
    assert not within(took, HANGING, ordinary, ORDINARY)


def test_nothing_was_issued_without_a_decision_and_logins_never_stopped(world: World, exchanges: Exchanges) -> None:
    """An outage is one of exchanges alone."""
    world.actas.stop()
    try:
        assert world.tokens.password_grant("alice").status == 200
        assert world.tokens.client_credentials("on-call").status == 200
        events = world.events("TOKEN_EXCHANGE_ERROR")
        exchanges.first()
        fresh = world.events("TOKEN_EXCHANGE_ERROR")[0]
        assert [fresh] != events[:1]
        assert fresh["details"]["actas_no_decision"] == "UNAVAILABLE"
        assert "decision_id" not in fresh["details"]
    finally:
        world.actas.start()
