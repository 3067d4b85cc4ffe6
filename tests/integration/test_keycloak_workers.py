"""Keycloak's exchanges are shared over both workers of an Actas, wherever the kernel placed its connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import kc_dist
import kc_server
import pytest
from kc_actas import Actas
from kc_tokens import Tokens

from keycloak_faults import Exchanges, another_actas
from keycloak_support import POLICIES
from keycloak_workers import two_workers
from lying_actas import LyingActas
from workers_support import ENOUGH

pytestmark = pytest.mark.slow

CALLS = 200
# A worker that no connection leads to is found by a new one a second, each with a chance of one half.
FOUND_SECONDS = 30.0


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[kc_server.Keycloak, Exchanges, list[LyingActas]]]:
    """Keycloak, and the two workers that it asks."""
    with another_actas() as truth, two_workers(truth.address) as (address, workers):
        with kc_server.Keycloak(kc_dist.ensure(print), target=address) as keycloak:
            tokens = Tokens(keycloak)
            yield keycloak, Exchanges(tokens), workers
            tokens.close()


def told(keycloak: kc_server.Keycloak) -> str:
    """Give what the server's information says of the connections."""
    providers = keycloak.admin("GET", "serverinfo")["providers"]["token-interceptor"]["providers"]
    return str(providers["actas"]["operationalInfo"]["connections"])


def test_both_workers_get_their_share_and_nothing_is_refused(
    asked: tuple[kc_server.Keycloak, Exchanges, list[LyingActas]],
) -> None:
    """At least 35 % each; the server's information says how many are reached."""
    keycloak, exchanges, workers = asked
    end = time.monotonic() + FOUND_SECONDS
    while told(keycloak) != "8 of 8 ready, to 2 of 2 workers":
        assert time.monotonic() < end, told(keycloak)
        assert exchanges.first().status == 200
    before = [worker.asked for worker in workers]
    answers = [exchanges.first().status for _ in range(CALLS)]
    shares = [(worker.asked - was) / CALLS for worker, was in zip(workers, before, strict=True)]
    print(f"shares {shares}")

    assert set(answers) == {200}
    assert min(shares) >= ENOUGH
    assert sum(shares) == 1.0


def test_an_actas_of_two_workers_is_reached_at_both() -> None:
    """The same with `actas serve --workers 2`, whose workers name themselves."""
    with ExitStack() as running:
        actas = running.enter_context(Actas(policies=[POLICIES], extra=["--workers", "2"]))
        keycloak = running.enter_context(kc_server.Keycloak(kc_dist.ensure(print), target=actas.address))
        tokens = Tokens(keycloak)
        running.callback(tokens.close)
        exchanges = Exchanges(tokens)
        end = time.monotonic() + FOUND_SECONDS
        while told(keycloak) != "8 of 8 ready, to 2 of 2 workers":
            assert time.monotonic() < end, told(keycloak)
            assert exchanges.first().status == 200
        assert {exchanges.first().status for _ in range(CALLS)} == {200}
