"""The whole service on the embedded engine: no OPA beside it, and an adopter's Rego that does what it should not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.errors import EngineError, Status
from ports import free_port
from service_support import SUITE, RunningService, adopter_root, exchange, service, until

pytestmark = pytest.mark.asyncio

RULE = """\
package custom.actas.rules.tasks

# METADATA
# title: The task is one of ours
# custom:
#   group: approval
#   error: access_denied
deny contains {{"code": "TASK_UNKNOWN", "rule": "tasks", "reason": "the task is not one of ours"}} if not _known

_known if input.context.task_id == ""

_known if {{
	input.context.task_id != ""
	{proof}
}}
"""
RUNAWAY = "count([a | some a in numbers.range(1, 30000); some b in numbers.range(1, 30000); a * b == -1]) == 0"
# A call that is cut short, and what the others wait for meanwhile: less than their deadline, also on a busy machine.
SOON_SECONDS = 3.0


def rule(root: Path, proof: str) -> Path:
    """Add a rule to *root* whose second proof is *proof*."""
    path = root / "custom" / "actas" / "rules" / "tasks" / "tasks.rego"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RULE.format(proof=proof), encoding="utf-8")
    return root


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[RunningService]:
    """A service whose adopter's rule runs away for every exchange with a task."""
    root = rule(adopter_root(tmp_path / "policies"), RUNAWAY)
    async with service(tmp_path, {"policies": root}) as started:
        yield started


async def test_no_process_stands_beside_the_service(tmp_path: Path) -> None:
    """Nothing is left of compiling, and log, status page and metrics say what evaluates."""
    port, root = free_port(), adopter_root(tmp_path / "policies")
    async with service(tmp_path, {"policies": root, "metrics_listen": f"127.0.0.1:{port}"}) as running:
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW
        assert running.children() == []
        status, detail = running.ready(port)
        assert (status, detail["ready"], detail["evaluates"]) == (200, True, "wasm")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b'actas_engine_info{engine="wasm"} 1.0' in answer.read()
        assert (await running.event("serving"))["engine"] == "wasm"


async def test_a_runaway_rule_ends_its_own_call_only(running: RunningService) -> None:
    """That call is UNAVAILABLE soon, the others get their decisions, and so does the next."""
    async with AsyncDecisionClient(running.address, timeout=5, connections=4) as client:
        await client.decide(exchange())
        began = time.monotonic()
        others = [client.decide(exchange(request_id=f"r-{number}")) for number in range(8)]
        bad = client.decide(exchange(context={"task_id": "t-1"}), timeout=1.0)
        answers = await asyncio.gather(bad, *others, return_exceptions=True)
        assert time.monotonic() - began < SOON_SECONDS
        assert (await client.decide(exchange())).effect is Effect.ALLOW

    error, *decisions = answers
    assert isinstance(error, EngineError)
    assert error.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}
    assert [getattr(decision, "effect", decision) for decision in decisions] == [Effect.ALLOW] * 8


async def test_who_calls_together_with_others_gets_their_own_decision(tmp_path: Path) -> None:
    """Their decisions are made step by step, and each is of its own request."""
    asked = [exchange(request_id=f"r-{number}", scope=("mail.read", "mail.send")[number % 2]) for number in range(60)]
    async with service(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        async with AsyncDecisionClient(running.address, timeout=10, connections=8) as client:
            decisions = await asyncio.gather(*map(client.decide, asked))

    assert [decision.request_id for decision in decisions] == [ask.request_id for ask in asked]
    assert [decision.effect for decision in decisions] == [Effect.ALLOW, Effect.DENY] * 30


async def test_a_built_in_that_is_not_there_leaves_the_old_revision(tmp_path: Path) -> None:
    """The problem names the built-in, the file and the line; what served goes on serving."""
    root = rule(adopter_root(tmp_path / "policies"), "true")
    async with service(tmp_path, {"policies": root}) as running:
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            before = await client.decide(exchange())
            rule(root, 'semver.compare(input.context.task_id, "1.0.0") > 0')
            os.kill(running.process.pid, signal.SIGHUP)
            failed = await running.event("policy_activation_failed")
            assert (await client.decide(exchange())).policy.revision == before.policy.revision

    assert before.effect is Effect.ALLOW
    (problem,) = failed["problems"]
    assert "tasks.rego:14: the embedded engine has no built-in semver.compare" in problem
    assert "sidecar" in problem


async def test_a_suite_that_fails_on_this_engine_leaves_the_old_revision(tmp_path: Path) -> None:
    """The suites of a revision run on the engine that would serve it."""
    root = adopter_root(tmp_path / "policies")
    async with service(tmp_path, {"policies": root}) as running:
        wrong = SUITE.replace("effect: DENY, codes: [CLIENT_NOT_AUTHENTICATED]", "effect: ALLOW")
        (root / "cases" / "denied.yaml").write_text(wrong, encoding="utf-8")
        os.kill(running.process.pid, signal.SIGHUP)
        failed = await running.event("policy_activation_failed")
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW

    assert "denied.yaml" in json.dumps(failed["problems"])


async def test_sigterm_in_the_middle_of_a_runaway_rule_ends_the_service(running: RunningService) -> None:
    """A thread or an evaluation that hangs would keep the process."""
    async with AsyncDecisionClient(running.address, timeout=1.0) as client:
        call = asyncio.ensure_future(client.decide(exchange(context={"task_id": "t-1"})))
        await asyncio.sleep(0.05)
        running.process.send_signal(signal.SIGTERM)
        with pytest.raises(EngineError):
            await call
    await until(lambda: running.process.poll() is not None)

    assert running.process.returncode == 0
