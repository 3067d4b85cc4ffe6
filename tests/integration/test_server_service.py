"""The whole service as a process on the real OPA: decisions, reloads, crashes of OPA, signals, its log."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.engine.opa_binary import resolve_opa
from actas.errors import EngineError, Status
from actas.policy.bundle import compile_policy
from actas.server.pid_file import ask
from ports import free_port
from service_support import AGENT, MAIL, REGISTRY, RunningService, adopter_root, exchange, service, until


def answers(port: int) -> bool:
    """Say whether somebody listens on *port*."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest_asyncio.fixture(params=["wasm", "sidecar"])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A service with an adopter's root, on either engine."""
    root = adopter_root(tmp_path / "policies")
    async with service(tmp_path, {"policies": root, "engine": request.param}) as started:
        yield started


@pytest.mark.asyncio
async def test_an_exchange_is_decided_and_logged(running: RunningService) -> None:
    """The answer has limits and the new chain; one log line has the fields of a receipt, and no token."""
    async with AsyncDecisionClient(running.address, timeout=5) as client:
        decision = await client.decide(exchange())

    assert decision.effect is Effect.ALLOW
    assert decision.limits is not None
    assert (decision.limits.scope, decision.limits.audience) == (("mail.read",), (MAIL,))
    assert decision.act is not None
    assert decision.act["sub"] == AGENT
    line = await running.event("decision")
    assert (line["decision_id"], line["effect"]) == (decision.decision_id, "ALLOW")
    assert line["policy_revision"] == decision.policy.revision
    assert (line["subject"]["sub"], line["source_token"]["jti"]) == ("alice", "st-1")
    assert "claims" not in json.dumps(line)


@pytest.mark.asyncio
async def test_a_deny_can_be_explained(running: RunningService) -> None:
    """Explain names the rule, its place in the Rego, and what it saw."""
    request = exchange(client={"client_id": "agent-mail", "authenticated": False, "confidential": True})
    async with AsyncDecisionClient(running.address, timeout=5) as client:
        explanation = await client.explain(request)

    assert explanation.decision.effect is Effect.DENY
    rule = explanation.rules[0]
    assert rule.code == "CLIENT_NOT_AUTHENTICATED"
    assert rule.file.endswith(".rego")
    assert rule.line > 0
    assert rule.inputs["input.client.authenticated"] is False


@pytest.mark.asyncio
async def test_many_callers_are_answered_each_with_their_own(running: RunningService) -> None:
    """Requests that travel together in one engine call get their own answers."""
    requests = [exchange(request_id=f"r-{n}", scope="mail.read" if n % 2 else "other") for n in range(64)]
    async with AsyncDecisionClient(running.address, timeout=10) as client:
        decisions = await asyncio.gather(*(client.decide(request) for request in requests))

    assert [decision.request_id for decision in decisions] == [request.request_id for request in requests]
    assert [decision.effect is Effect.ALLOW for decision in decisions] == [bool(n % 2) for n in range(64)]


@pytest.mark.asyncio
async def test_when_opa_is_killed_nothing_is_allowed_until_it_is_back(tmp_path: Path) -> None:
    """UNAVAILABLE, a health that says what is wrong, and a recovery nobody has to help with."""
    port = free_port()
    root = adopter_root(tmp_path / "policies")
    settings = {"policies": root, "engine": "sidecar", "metrics_listen": f"127.0.0.1:{port}"}
    async with service(tmp_path, settings) as running:
        assert running.ready(port)[0] == 200
        assert running.ready(port)[1]["evaluates"] == "sidecar"
        # Stopped, not only killed, so that the outage lasts until the health has been asked.
        opa = running.opa
        opa.send_signal(signal.SIGSTOP)
        async with AsyncDecisionClient(running.address) as client:
            with pytest.raises(EngineError) as caught:
                await client.decide(exchange(), timeout=0.5)
        assert caught.value.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}
        await until(lambda: running.ready(port)[0] == 503)
        assert "OPA" in running.ready(port)[1]["engine"]
        opa.kill()
        await until(lambda: running.ready(port)[0] == 200)
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW


@pytest.mark.asyncio
async def test_sighup_activates_the_policies_again(running: RunningService) -> None:
    """A broken change keeps the old revision and says where it is broken; a good one serves."""
    root = running.folder / "policies"
    pid_file = running.folder / "serve.pid"
    async with AsyncDecisionClient(running.address, timeout=5) as client:
        before = (await client.decide(exchange())).policy.revision

        (root / "custom/actas/rules/broken").mkdir(parents=True)
        (root / "custom/actas/rules/broken/broken.rego").write_text(
            "package custom.actas.rules.broken\n\ndeny contains {\n"
        )
        assert ask(pid_file, signal.SIGHUP) == running.process.pid
        failed = await running.event("policy_activation_failed")
        assert "broken.rego" in failed["problems"][0]
        assert (await client.decide(exchange())).policy.revision == before

        (root / "custom/actas/rules/broken/broken.rego").unlink()
        (root / "custom/actas/rules/broken").rmdir()
        changed = REGISTRY.replace("default_scope: mail.read", "max_lifetime_seconds: 120")
        (root / "custom/actas/registry/data.yaml").write_text(changed)
        ask(pid_file, signal.SIGHUP)
        await running.event("policy_activated", count=2)
        decision = await client.decide(exchange())

    assert decision.policy.revision != before
    assert decision.limits is not None
    assert decision.limits.max_lifetime_seconds == 120


@pytest.mark.asyncio
async def test_a_watched_root_is_activated_when_it_changes(tmp_path: Path) -> None:
    """Nobody has to say so."""
    root = adopter_root(tmp_path / "policies")
    async with service(tmp_path, {"policies": root, "watch": "true"}) as running:
        changed = REGISTRY.replace("default_scope: mail.read", "max_lifetime_seconds: 60")
        (root / "custom/actas/registry/data.yaml").write_text(changed)
        activated = await running.event("policy_activated", count=2)

    assert activated["trigger"] == "watch"


@pytest.mark.asyncio
async def test_a_revocation_counts_from_the_next_decision(tmp_path: Path) -> None:
    """The file of revocations is the kill switch; a file that nobody understands denies."""
    root = adopter_root(tmp_path / "policies")
    state = tmp_path / "state.json"
    state.write_text('{"revocations": []}')
    async with service(tmp_path, {"policies": root, "state": state}) as running:
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW
            state.write_text('{"revocations": [{"kind": "client", "client_id": "agent-mail"}]}')
            assert (await client.decide(exchange())).effect is Effect.DENY
            state.write_text("{")
            assert (await client.decide(exchange())).effect is Effect.DENY


@pytest.mark.asyncio
async def test_sigterm_finishes_what_is_in_flight(running: RunningService) -> None:
    """Every call that began is answered, the process ends with 0, and nothing is left behind."""
    children = running.children()
    async with AsyncDecisionClient(running.address, timeout=10, connections=4) as client:
        await client.decide(exchange())
        calls = [asyncio.ensure_future(client.decide(exchange(request_id=str(n)))) for n in range(32)]
        await asyncio.sleep(0.005)
        running.process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*calls, return_exceptions=True)
    await until(lambda: running.process.poll() is not None)

    assert running.process.returncode == 0
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert sum(event["event"] == "decision" for event in running.events) == 33
    await until(lambda: not any(child.is_running() for child in children))
    assert not (running.folder / "serve.pid").exists()


@pytest.mark.asyncio
async def test_somebody_elses_opa_serves_the_same_decisions(tmp_path: Path) -> None:
    """With an OPA by URL its policies decide, and the ceiling computes with its data."""
    binary = resolve_opa()
    bundle = compile_policy([adopter_root(tmp_path / "policies")], opa=binary, into=tmp_path)
    port = free_port()
    command: list[str | Path] = [
        binary,
        "run",
        "--server",
        "--addr",
        f"127.0.0.1:{port}",
        "--bundle",
        bundle.path,
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command)
    try:
        await until(lambda: answers(port))
        async with service(tmp_path, {"opa_url": f"http://127.0.0.1:{port}"}) as running:
            async with AsyncDecisionClient(running.address, timeout=5) as client:
                decision = await client.decide(exchange())
    finally:
        process.kill()
        process.wait()

    assert decision.effect is Effect.ALLOW
    assert decision.policy.revision == bundle.revision


@pytest.mark.asyncio
async def test_policies_that_may_not_serve_end_the_start(tmp_path: Path) -> None:
    """Nothing listens, and the error says which root and why."""
    root = adopter_root(tmp_path / "policies")
    (root / "cases" / "denied.yaml").unlink()
    started = time.monotonic()
    with pytest.raises(AssertionError, match="allow-untested"):
        async with service(tmp_path, {"policies": root}):
            pass

    assert time.monotonic() - started < 60
