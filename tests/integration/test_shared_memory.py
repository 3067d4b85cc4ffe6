"""Whole services that share a store: workers over SQLite, replicas over PostgreSQL, and one after the other."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from actas import wire
from actas.client import AsyncDecisionClient, Target
from actas.decision.v1 import service_pb2
from actas.errors import EngineError
from actas.request import ExchangeRequest, JsonText
from memory_support import long_ago, store_of
from postgres_support import Postgres, postgres
from server_support import stub_of
from service_support import AS, exchange, service, until
from test_signed_approvals import APPROVING, SETTINGS, approve, deletion, root
from worker_support import message, told, workers

ONCE = APPROVING.replace(
    f"  {AS}: [subject, actor, act, may_act]",
    f"  {AS}: {{roles: [subject, actor, act, may_act], one_time: [subject]}}",
)
MOST = 30
LIMITS = f"rate_limits: {{per_subject: {{exchanges: {MOST}, seconds: 3600}}}}\n"


def once(jti: str, asked: ExchangeRequest | None = None, **claims: Any) -> ExchangeRequest:
    """Give an exchange whose subject token is told from others by *jti*."""
    asked = asked or exchange()
    assert asked.subject_token is not None
    assert asked.subject_token.claims is not None
    changed = {**asked.subject_token.claims.value, "jti": jti, **claims}
    token = dataclasses.replace(asked.subject_token, claims=JsonText(json.dumps(changed), changed))
    return dataclasses.replace(asked, subject_token=token)


def several(name: str, count: int, **claims: Any) -> list[ExchangeRequest]:
    """Give so many exchanges with a subject token each."""
    return [once(f"{name}-{number}", **claims) for number in range(count)]


def policies(folder: Path) -> Path:
    """Write a root in which subject tokens count once, deletions need an approval, and everybody has a limit."""
    made = root(folder, ONCE)
    (folder / "custom/actas/settings/data.yaml").write_text(SETTINGS + LIMITS)
    return made


@asynccontextmanager
async def asking(folder: Path, url: str, *names: str) -> AsyncIterator[list[AsyncDecisionClient]]:
    """Run a service of each name over the store at *url*, and give a client of each."""
    async with AsyncExitStack() as stack:
        clients = []
        for name in names:
            (folder / name).mkdir()
            settings = {"policies": folder / "policies", "receipts": url}
            one = await stack.enter_async_context(service(folder / name, settings))
            clients.append(await stack.enter_async_context(AsyncDecisionClient(Target(one.address), timeout=20)))
        yield clients


async def codes(client: AsyncDecisionClient, asked: ExchangeRequest) -> str:
    """Decide, and give the codes."""
    return ",".join(denial.code for denial in (await client.decide(asked)).denials)


async def at_once(clients: Sequence[AsyncDecisionClient], asked: Sequence[ExchangeRequest]) -> Counter[str]:
    """Ask all of it at once, of all in turn, and count the answers."""
    ways = (codes(clients[number % len(clients)], one) for number, one in enumerate(asked))
    return Counter(await asyncio.gather(*ways))


async def test_replicas_remember_together_and_after_a_restart(tmp_path: Path) -> None:
    """What is used at one of them is used at the other, twenty at once, and still when both have been replaced."""
    policies(tmp_path / "policies")
    with postgres() as server:
        async with asking(tmp_path, long_ago(server.url), "old-0", "old-1") as both:
            used, unused = approve(tmp_path / "policies"), approve(tmp_path / "policies")
            assert await at_once(both, [once("contested")] * 20) == {"": 1, "TOKEN_REPLAYED": 19}
            deletions = [once(f"deletion-{number}", deletion(used)) for number in range(20)]
            assert await at_once(both, deletions) == {"": 1, "APPROVAL_REVOKED": 19}
            # The token of the one that was allowed is used up, those of the others are not.
            assert (await at_once(both, deletions[:2]))["APPROVAL_REVOKED"] >= 1
            assert await codes(both[0], once("")) == "TOKEN_REPLAYED"

            # One alone allows not a single exchange too many; the other one hears of it soon.
            assert await at_once(both[:1], several("a", MOST + 9, sub="carol")) == {"": MOST, "RATE_LIMITED": 9}
            looks = itertools.count()
            async with asyncio.timeout(20):
                while await codes(both[1], once(f"look-{next(looks)}", sub="carol")) != "RATE_LIMITED":
                    await asyncio.sleep(0.05)
            assert await codes(both[1], once("bob", sub="bob")) == ""

        async with asking(tmp_path, server.url, "new") as (only,):
            assert await codes(only, once("contested")) == "TOKEN_REPLAYED"
            assert await codes(only, once("later", deletion(used))) == "APPROVAL_REVOKED"
            # It was given before this service began, and counts: its use would be known.
            assert await codes(only, once("later", deletion(unused))) == ""
            assert await codes(only, once("more", sub="carol")) == "RATE_LIMITED"
            # What was denied was not used.
            assert await codes(only, once("again", exchange(resource=["https://unknown.example.com/"]))) != ""
            assert await codes(only, once("again")) == ""
            await _while_it_is_away(server, only)


async def _while_it_is_away(server: Postgres, client: AsyncDecisionClient) -> None:
    """Nothing is allowed that nobody could remember, and afterwards what was asked for still is."""
    server.kill()
    with pytest.raises(EngineError):
        await client.decide(once("away", sub="dave"))
    server.start()
    found = "no decision"
    async with asyncio.timeout(60):
        # What is revoked has to be heard of first.
        while found in ("no decision", "REVOCATION_STATE_UNKNOWN"):
            try:
                found = await codes(client, once("away", sub="dave"))
            except EngineError:
                await asyncio.sleep(0.2)
    assert found == ""


async def test_workers_of_one_service_share_what_is_remembered(tmp_path: Path) -> None:
    """Over one SQLite file. Explaining uses nothing up, and a worker that is killed takes nothing with it."""
    settings = {"policies": policies(tmp_path / "policies"), "watch": False}
    with store_of("sqlite", tmp_path) as url:
        async with workers(tmp_path, {**settings, "receipts": long_ago(url)}) as both, both.stubs() as stubs:
            async with stub_of(both.running.address) as stub:
                for _ in range(2):
                    asked = service_pb2.ExplainRequest(request=wire.request_to_proto(once("contested", sub="bob")))
                    assert (await stub.Explain(asked)).decision.effect == 1
            contested = message(once("contested", sub="bob"))
            answers = await asyncio.gather(*(told(stubs[n % 2], contested) for n in range(20)))
            assert sorted(decision.effect for decision, _ in answers) == [1, *[2] * 19]
            both.process(0).kill()
            await until(lambda: both.metric("actas_worker_restarts_total") > 0, 30)
            await until(lambda: both.serving() == 2, 60)
            for worker in range(2):
                async with both.stubs() as again:
                    decision, _ = await told(again[worker], contested)
                    assert [denial.code for denial in decision.denials] == ["TOKEN_REPLAYED"]


async def test_without_a_store_each_worker_counts_for_itself(tmp_path: Path) -> None:
    """What may be used once is known to all of them even so; how much was allowed is not."""
    settings = {"policies": policies(tmp_path / "policies")}
    registry = tmp_path / "policies/custom/actas/registry/data.yaml"
    registry.write_text(APPROVING)
    async with workers(tmp_path, settings) as both, both.stubs() as stubs:
        for stub in stubs.values():
            asked = [message(one) for one in several("x", MOST + 3, sub="bob")]
            answers = await asyncio.gather(*(told(stub, one) for one in asked))
            assert sorted(decision.effect for decision, _ in answers) == [1] * MOST + [2] * 3
