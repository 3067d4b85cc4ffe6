"""Policies change while sixteen callers ask: nobody is failed, and every answer comes from one revision that served."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from actas import wire
from actas.decision import Effect
from server_support import stub_of
from service_support import REGISTRY, SUITE, RunningService, adopter_root, exchange, service

pytestmark = pytest.mark.asyncio

CALLERS = 16
CHANNELS = 4
BOTH_SCOPES = "mail.list mail.read"

# A limit in Rego, so that a mixture of one revision's Rego and the other's data would show.
LIMIT = """\
# METADATA
# title: A short life
package custom.actas.limits.short_life

# METADATA
# title: Nothing is withheld
granted_scope := {scope | some scope in input.facts.scope.tokens}

# METADATA
# title: So many seconds
max_lifetime_seconds := SECONDS
"""
BROKEN = "package custom.actas.limits.short_life\n\ngranted_scope := {scope |\n"
FAILING = SUITE.replace("effect: DENY, codes: [CLIENT_NOT_AUTHENTICATED]", "effect: ALLOW")


@dataclass(frozen=True)
class Content:
    """What one state of the policy root says, and what is seen of it in a decision."""

    seconds: int
    scopes: str
    rego: str = LIMIT
    suite: str = SUITE

    def write(self, root: Path) -> None:
        """Put it into the root."""
        limit = root / "custom/actas/limits/short_life/short_life.rego"
        limit.parent.mkdir(parents=True, exist_ok=True)
        limit.write_text(self.rego.replace("SECONDS", str(self.seconds)), encoding="utf-8")
        names = ", ".join(self.scopes.split())
        registry = REGISTRY.replace("scopes: [mail.read]", f"scopes: [{names}]")
        registry = registry.replace("{mail.read: {}}", "{mail.read: {}, mail.list: {}}")
        (root / "custom/actas/registry/data.yaml").write_text(registry, encoding="utf-8")
        (root / "cases/denied.yaml").write_text(self.suite, encoding="utf-8")

    @property
    def seen(self) -> tuple[int, str]:
        """The lifetime, from Rego, and the scope, from the registry."""
        return self.seconds, self.scopes


GOOD_A = Content(120, "mail.read")
GOOD_B = Content(240, BOTH_SCOPES)
BAD_REGO = Content(300, BOTH_SCOPES, rego=BROKEN)
BAD_SUITE = Content(360, "mail.read", suite=FAILING)
TURNS = (BAD_REGO, GOOD_B, BAD_SUITE, GOOD_A)


@dataclass
class Load:
    """What the callers saw."""

    answers: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    done: bool = False

    async def call(self, stub: Any) -> None:
        """Ask again and again, without a retry, until it is done."""
        while not self.done:
            message = wire.request_to_proto(exchange(scope=BOTH_SCOPES))
            claims = message.subject_token.claims_json
            message.subject_token.claims_json = claims.replace('"scope":"mail.read"', f'"scope":"{BOTH_SCOPES}"')
            try:
                answer = await stub.Decide(message, timeout=10)
            except aio.AioRpcError as error:
                self.failures.append(f"{error.code().name} {error.details()}")
                continue
            decision = wire.decision_from_proto(answer.decision)
            if decision.effect is not Effect.ALLOW or decision.limits is None:
                self.failures.append(", ".join(denial.code for denial in decision.denials))
                continue
            scope = " ".join(sorted(decision.limits.scope))
            self.answers[decision.policy.revision, decision.limits.max_lifetime_seconds, scope] += 1


async def activations(running: RunningService, load: Load, times: int) -> dict[str, tuple[int, str]]:
    """Change the root *times* times and wait for each activation; gives what each revision that served says."""
    root = running.folder / "policies"
    ended = ("policy_activated", "policy_activation_failed")
    serving = {(await running.event("policy_activated"))["revision"]: GOOD_A.seen}
    for turn in range(times):
        content = TURNS[turn % len(TURNS)]
        content.write(root)
        before = sum(event["event"] in ended for event in running.events)
        answered = load.answers.total()
        os.kill(running.process.pid, signal.SIGHUP)
        async with asyncio.timeout(60):
            while sum(event["event"] in ended for event in running.events) == before:
                await asyncio.sleep(0.05)
        # Activation may slow the callers down, but never stops them.
        assert load.answers.total() > answered
        last = [event for event in running.events if event["event"] in ended][-1]
        if content in (GOOD_A, GOOD_B):
            assert last["event"] == "policy_activated", last
            serving[last["revision"]] = content.seen
        else:
            assert last["event"] == "policy_activation_failed", last
            place = "short_life.rego" if content is BAD_REGO else "denied.yaml"
            assert place in str(last["problems"])
    return serving


async def under_load(folder: Path, times: int, engine: str) -> None:
    """Activate *times* revisions under sixteen callers and check every answer."""
    GOOD_A.write(adopter_root(folder / "policies"))
    load = Load()
    async with (
        service(folder, {"policies": folder / "policies", "engine": engine}) as running,
        AsyncExitStack() as stack,
    ):
        # Channels of one process would share a connection if their settings were the same.
        stubs = [await stack.enter_async_context(stub_of(running.address)) for _ in range(CHANNELS)]
        callers = [asyncio.create_task(load.call(stubs[number % CHANNELS])) for number in range(CALLERS)]
        try:
            serving = await activations(running, load, times)
        finally:
            load.done = True
            await asyncio.gather(*callers)
        crashes = [event for event in running.events if event["event"] in ("activation_crashed", "internal error")]

    assert load.failures == []
    assert crashes == []
    assert set(serving.values()) == {GOOD_A.seen, GOOD_B.seen}
    seen: dict[str, set[tuple[int, str]]] = {}
    for revision, seconds, scope in load.answers:
        seen.setdefault(revision, set()).add((seconds, scope))
    # Exactly what was active, each revision with its own Rego and its own data, and each was asked.
    assert seen == {revision: {content} for revision, content in serving.items()}
    assert load.answers.total() > times * CALLERS


@pytest.mark.parametrize("engine", ["wasm", "sidecar"])
async def test_a_turn_of_activations_under_load_fails_no_call_and_mixes_nothing(tmp_path: Path, engine: str) -> None:
    """Good, broken and failing revisions alternate: only the good ones answer, each as a whole."""
    await under_load(tmp_path, len(TURNS), engine)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["wasm", "sidecar"])
async def test_many_activations_under_load_fail_no_call_and_mix_nothing(tmp_path: Path, engine: str) -> None:
    """The same for longer; `ACTIVATIONS=50` is what BENCHMARKS.md reports."""
    await under_load(tmp_path, int(os.environ.get("ACTIVATIONS", "12")), engine)
