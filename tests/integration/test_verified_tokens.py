"""A service that verifies tokens itself, with keys from an issuer's host in every state."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actas.client import AsyncDecisionClient, Target
from actas.decision import Decision, Effect
from actas.errors import ProtocolError
from issuer_host import IssuerHost, issuer_host
from ports import free_port
from raw_tokens import (
    AS,
    KEYS,
    STRANGER,
    actor_token,
    assembled,
    changed,
    exchange,
    jwk_set,
    root,
    subject_claims,
    subject_token,
)
from service_support import RunningService, service

FAILURES = {"slow": "timeout", "huge": "too_large", "redirecting": "redirect", "nonsense": "unusable"}
LASTING = {"refresh": 300, "max_stale": 600}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[IssuerHost]:
    """Run the host of the authorization server, which publishes its keys."""
    with issuer_host(tmp_path / "host", jwk_set(**KEYS)) as running:
        yield running


def settings(host: IssuerHost, folder: Path, **trust: Any) -> dict[str, Any]:
    """Give the settings of a service that fetches the authorization server's keys from *host*."""
    registry = changed(server={"jwks_file": None, "jwks_uri": host.url()})
    times = {"timeout": 1.0, "refetch": 0.5, "refresh": 2.0, "max_stale": 4.0, **trust}
    return {
        "policies": root(folder / "policies", registry),
        "trust": json.dumps(host.trust(**times)),
        "default_timeout": 5,
    }


def client(running: RunningService) -> AsyncDecisionClient:
    """Give a client of the service."""
    return AsyncDecisionClient(Target(running.address), timeout=8)


def codes(decision: Decision) -> list[str]:
    """Give what a decision denies for."""
    assert (decision.effect is Effect.DENY) == bool(decision.denials)
    return [denial.code for denial in decision.denials]


async def eventually(asked: Any, *wanted: str, seconds: float = 20.0) -> None:
    """Ask until the codes are those that are wanted."""
    async with asyncio.timeout(seconds):
        while codes(await asked()) != list(wanted):
            await asyncio.sleep(0.1)


async def test_tokens_are_verified_with_the_keys_that_their_issuer_publishes(tmp_path: Path, host: IssuerHost) -> None:
    """The keys are there before they are needed, and the record says what was verified, without a token."""
    async with service(tmp_path, settings(host, tmp_path, **LASTING)) as running, client(running) as actas:
        raw = subject_token(), actor_token()
        for _ in range(20):
            assert codes(await actas.decide(exchange(*raw))) == []
        assert host.count() == 1
        forged = exchange({"unverified_token": subject_token(header={"kid": "ec"}), "verified": True})
        assert codes(await actas.decide(forged)) == ["TOKEN_NOT_VERIFIED"]
        with pytest.raises(ProtocolError) as refused:
            await actas.decide(exchange({"unverified_token": raw[0], "claims": {"sub": "mallory"}}))
        assert refused.value.field == "subject_token.claims"
        records = [event for event in running.events if event["event"] == "decision"]
        log = (tmp_path / "log").read_text(encoding="utf-8")
    assert records[0]["evidence"] == {"subject_token": "verified", "actor_token": "verified", "client": "asserted"}
    assert records[0]["subject"] == {"iss": AS, "sub": "alice"}
    assert records[-1]["evidence"] == {"actor_token": "verified", "client": "asserted"}
    assert records[-1]["evidence_problems"] == {"subject_token": "algorithm"}
    assert "evidence_problems" not in records[0]
    for token in raw:
        assert token.split(".")[2] not in log


async def test_an_outage_of_the_issuer_denies_when_the_keys_are_too_old(tmp_path: Path, host: IssuerHost) -> None:
    """Keys in hand serve for their time, then nothing is allowed until it is over; however the host fails."""
    asked = exchange()
    async with service(tmp_path, settings(host, tmp_path)) as running, client(running) as actas:
        await eventually(lambda: actas.decide(asked))
        host.mode = "down"
        assert codes(await actas.decide(asked)) == []
        await eventually(lambda: actas.decide(asked), "TOKEN_NOT_VERIFIED")
        for mode, reason in FAILURES.items():
            host.mode = mode
            async with asyncio.timeout(20):
                while not any(event.get("reason") == reason for event in running.events):
                    assert codes(await actas.decide(asked)) == ["TOKEN_NOT_VERIFIED"]
                    await asyncio.sleep(0.1)
        host.mode = "ok"
        await eventually(lambda: actas.decide(asked))
        failures = [event for event in running.events if event["event"] == "keys_not_fetched"]
    assert {event["host"] for event in failures} == {host.host}
    assert failures[-1]["usable"] is False
    assert "/moved" not in host.asked


async def test_an_issuer_that_was_never_reached_allows_nothing(tmp_path: Path, host: IssuerHost) -> None:
    """And a decision does not wait for longer than its caller does."""
    host.mode = "slow"
    async with service(tmp_path, settings(host, tmp_path, timeout=5.0)) as running, client(running) as actas:
        started = time.monotonic()
        assert codes(await actas.decide(exchange())) == ["TOKEN_NOT_VERIFIED"]
        assert time.monotonic() - started < 5


async def test_a_key_is_rotated_under_load(tmp_path: Path, host: IssuerHost) -> None:
    """What the old key signed is accepted as long as it is published, and what the new one signs soon after it is."""
    header = json.dumps({"typ": "at+jwt", "alg": "ES256", "kid": "new"}).encode()
    new = assembled(header, json.dumps(subject_claims()).encode(), STRANGER, "ES256")
    old = subject_token()
    results: list[tuple[str, tuple[str, ...]]] = []
    async with service(tmp_path, settings(host, tmp_path, **LASTING)) as running, client(running) as actas:
        stop = asyncio.Event()

        async def load(name: str, token: str) -> None:
            while not stop.is_set():
                results.append((name, tuple(codes(await actas.decide(exchange(token))))))

        loads = [asyncio.create_task(load("old", old)) for _ in range(4)]
        await eventually(lambda: actas.decide(exchange(new)), "TOKEN_NOT_VERIFIED")
        host.keys = jwk_set(**KEYS, new=STRANGER)
        await eventually(lambda: actas.decide(exchange(new)))
        loads += [asyncio.create_task(load("new", new)) for _ in range(4)]
        await asyncio.sleep(0.5)
        stop.set()
        await asyncio.gather(*loads)
        fetches = host.count()
    assert {outcome for _, outcome in results} == {()}
    assert {name for name, _ in results} == {"old", "new"}
    assert fetches < 12


async def test_a_thousand_unknown_keys_cause_few_fetches(tmp_path: Path, host: IssuerHost) -> None:
    """Whoever makes keys up does not make the service ask the issuer for each."""
    async with service(tmp_path, settings(host, tmp_path, refetch=5, **LASTING)) as running:
        async with client(running) as actas:
            assert codes(await actas.decide(exchange())) == []
            began = time.monotonic()
            for start in range(0, 1000, 50):
                made_up = [subject_token("ES256", {"kid": f"k{start + number}"}) for number in range(50)]
                answers = await asyncio.gather(*(actas.decide(exchange(token)) for token in made_up))
                assert {tuple(codes(answer)) for answer in answers} == {("TOKEN_NOT_VERIFIED",)}
            took = time.monotonic() - began
    # One at the start, one for the first of them, and then one in `refetch` seconds, however busy the machine is.
    assert host.count() <= 3 + took / 5


async def test_every_worker_verifies_and_their_failures_are_counted(tmp_path: Path, host: IssuerHost) -> None:
    """Each has keys of its own."""
    status = f"127.0.0.1:{free_port()}"
    several = {**settings(host, tmp_path), "workers": 2, "metrics_listen": status}
    async with service(tmp_path, several) as running, client(running) as actas:
        for _ in range(20):
            assert codes(await actas.decide(exchange())) == []
            assert codes(await actas.decide(exchange(subject_token(header={"kid": "ec"})))) == ["TOKEN_NOT_VERIFIED"]
        with urllib.request.urlopen(f"http://{status}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
    assert 'actas_unproven_total{problem="algorithm"} 20.0' in metrics
    assert 'actas_key_fetches_total{outcome="ok"}' in metrics
