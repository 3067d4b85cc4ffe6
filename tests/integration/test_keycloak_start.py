"""Keycloak starts without the jar, without a target, or with a setting that is wrong; and a realm cannot change it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import kc_dist
import pytest
from kc_process import StartError
from kc_server import Keycloak
from kc_tokens import Response, Tokens

from keycloak_faults import NO_DECISION, Exchanges
from keycloak_world import Asked, World

pytestmark = pytest.mark.slow

FLAG = "--spi-token-interceptor--actas--"


def refuses_to_start(keycloak: Keycloak) -> str:
    """Give the log of a Keycloak that must not start."""
    with pytest.raises(StartError, match="ended while it started"), keycloak:
        raise AssertionError("it serves")
    return keycloak.log_text()


@dataclass(frozen=True)
class Answers:
    """What one start answered."""

    login: Response
    exchange: Response
    log: str


@dataclass(frozen=True)
class Starts:
    """The same database, first with the jar and without a target, then without the jar."""

    without_target: Answers
    without_jar: Answers


def answers(keycloak: Keycloak) -> Iterator[Answers]:
    """Start, log Alice in, and exchange."""
    with keycloak, contextlib.closing(Tokens(keycloak)) as tokens:
        login = tokens.password_grant("alice")
        yield Answers(login, Exchanges(tokens).first(), keycloak.log_text())


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    """Start twice on one database, which the first start fills from the realm file."""
    # As Keycloak's own address of an H2 in memory, whose kind the builds are of.
    path = tmp_path_factory.mktemp("database") / "keycloak"
    database = f"--db-url=jdbc:h2:file:{path};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE"
    with_jar, without_jar = kc_dist.ensure(print), kc_dist.ensure(print, with_provider=False)
    (first,) = answers(Keycloak(with_jar, extra=[database]))
    # What is imported names no executor here; it is skipped anyway, as the realm is there already.
    (second,) = answers(Keycloak(without_jar, extra=[database], with_provider=False))
    return Starts(first, second)


def test_without_a_target_logins_work_and_every_exchange_is_refused(starts: Starts) -> None:
    """A jar that was dropped in and not configured protects, and says at the start what is missing."""
    assert starts.without_target.login.status == 200
    assert (starts.without_target.exchange.status, starts.without_target.exchange.body) == NO_DECISION
    (said,) = [line for line in starts.without_target.log.splitlines() if f"{FLAG}target" in line]
    assert " ERROR " in said


def test_without_the_jar_a_realm_that_needs_it_exchanges_nothing(starts: Starts) -> None:
    """The realm in the database still names the executor: logins work, an exchange is an error and no token."""
    assert starts.without_jar.login.status == 200
    assert starts.without_jar.exchange.status == 500
    assert "access_token" not in starts.without_jar.exchange.body
    assert "Executor with provider ID actas not found" in starts.without_jar.log


def test_without_the_jar_a_realm_file_that_needs_it_stops_the_start() -> None:
    """Nobody gets a realm that was meant to be protected and is not."""
    log = refuses_to_start(Keycloak(kc_dist.ensure(print, with_provider=False)))
    assert "executor" in log


@pytest.mark.parametrize(
    ("key", "value"), [("deadline", "soon"), ("tls-ca", "no-such-file.pem"), ("report-only", "agents=tomorrow")]
)
def test_a_setting_that_is_wrong_stops_the_start_and_is_named(tmp_path: Path, key: str, value: str) -> None:
    """No default in place of what somebody meant to set."""
    wrong = str(tmp_path / value) if key == "tls-ca" else value
    log = refuses_to_start(Keycloak(kc_dist.ensure(print), target="127.0.0.1:50051", extra=[f"{FLAG}{key}={wrong}"]))
    assert f"{FLAG}{key} " in log


def test_an_administrator_of_the_realm_can_neither_repoint_nor_silence_it(world: World) -> None:
    """Whatever stands in the executor's configuration, the same Actas is asked, and its answer is enforced."""
    path = "client-policies/profiles"
    profiles = world.admin("GET", path)
    (executor,) = [executor for profile in profiles["profiles"] for executor in profile["executors"]]
    before = executor["configuration"]
    executor["configuration"] = {"target": "127.0.0.1:9", "deadline": "1", "report-only": "agents=2099-01-01"}
    executor["configuration"] |= {"tls-ca": "/dev/null", "authority": "other.example.com", "enabled": "false"}
    world.admin("PUT", path, profiles)
    try:
        asked = Asked(world)
        assert world.first_hop(world.alice()).status == 200
        denied = world.tokens.hop("rogue-agent", world.alice(), "investigator", "orders:read")
        assert "access_token" not in denied.body
        assert [decision["effect"] for decision in asked.decisions] == ["ALLOW", "DENY"]
    finally:
        executor["configuration"] = before
        world.admin("PUT", path, profiles)
