"""`make bench-keycloak`: what the question to Actas adds to a token exchange of a real Keycloak.

Two Keycloaks of the same version, with the provider and without it, in interleaved blocks of the same request over
one connection each; Actas with its OPA on loopback. All of them share the machine with the client that measures.
Writes build/bench-keycloak.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from keycloak_figures import Blocks, Others, Timer, added, commit, show, summary
from rich.console import Console
from rich.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
KEYCLOAK = ROOT / "deploy" / "keycloak"
sys.path[:0] = [str(KEYCLOAK / "harness"), str(ROOT / "deploy" / "shared")]

import kc_actas  # noqa: E402 - found by the line above
import kc_dist  # noqa: E402
import kc_server  # noqa: E402
import kc_tokens  # noqa: E402

from ports import free_port  # noqa: E402

# The figure to reach with OPA beside Actas, in milliseconds.
P50_ADDED = 6.0
# A quick run has a colder JVM, and only catches what is clearly worse.
QUICK_SLACK = 2.5
TOKENS_LAST = 60.0


@dataclass
class Contender:
    """One Keycloak, the exchange that it is asked for, and what each block of them took, in milliseconds."""

    name: str
    tokens: kc_tokens.Tokens
    subject: str = ""
    actor: str = ""
    fresh_until: float = 0.0
    blocks: Blocks = field(default_factory=list)

    def exchange(self) -> kc_tokens.Response:
        """Exchange Alice's token as the on-call agent."""
        scope = "metrics:read orders:read"
        return self.tokens.exchange("on-call", self.subject, actor=self.actor, audience="investigator", scope=scope)

    def block(self, calls: int) -> list[float]:
        """Exchange *calls* times, one after the other; each must be issued, or what fails fast would look fast."""
        if time.monotonic() > self.fresh_until:
            self.subject = self.tokens.password_grant("alice", scope="metrics:read orders:read orders:write").token
            self.actor = self.tokens.client_credentials("on-call").token
            self.fresh_until = time.monotonic() + TOKENS_LAST
        took = []
        for _ in range(calls):
            started = time.perf_counter()
            answer = self.exchange()
            took.append(1000 * (time.perf_counter() - started))
            if answer.status != 200:
                raise RuntimeError(f"{self.name}: not issued: {answer.status} {answer.error}")
        return took


def run(blocks: int, calls: int, warm_up: int, on_step: Callable[[str], None]) -> dict[str, Any]:
    """Start everything, measure, and give the whole report."""
    with ExitStack() as stack:
        on_step("building and starting")
        status = f"127.0.0.1:{free_port()}"
        actas = stack.enter_context(kc_actas.Actas(extra=["--metrics-listen", status]))
        servers = {
            "provider": stack.enter_context(keycloak(on_step, actas.address)),
            "plain": stack.enter_context(keycloak(on_step, None)),
        }
        found = [Contender(name, kc_tokens.Tokens(server)) for name, server in servers.items()]
        for number in range(max(1, warm_up // calls)):
            for contender in found:
                on_step(f"warm-up {number + 1} of {warm_up // calls}: {contender.name}")
                contender.block(calls)
        others = Others()
        asking = Timer("actas_decide_seconds", servers["provider"].metrics)
        engine = Timer('actas_stage_seconds{stage="engine"', lambda: httpx.get(f"http://{status}/metrics").text)
        for number in range(blocks):
            # Who is first changes, so that neither always comes after a pause.
            for contender in found if number % 2 else reversed(found):
                on_step(f"block {number + 1} of {blocks}: {contender.name}")
                contender.blocks.append(contender.block(calls))
        (asked, asking_ms), (_, engine_ms) = asking.mean(), engine.mean()
        others_cores = others.cores()
        for contender in found:
            contender.tokens.close()
    provider, plain = found
    return {
        "measured": {contender.name: summary(contender.blocks) for contender in found},
        "added": added(provider.blocks, plain.blocks),
        "asking_actas_mean_ms": asking_ms,
        "engine_mean_ms": engine_ms,
        "asked": asked,
        "blocks": blocks,
        "calls": calls,
        "warm_up": warm_up,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "others_busy_cores": round(others_cores, 2),
        "commit": commit(),
    }


def keycloak(say: Callable[[str], None], target: str | None) -> kc_server.Keycloak:
    """Give a Keycloak that asks *target*, or one without the provider, compiled as in production."""
    with_provider = target is not None
    dist = kc_dist.ensure(say, with_provider=with_provider)
    return kc_server.Keycloak(dist, target=target, with_provider=with_provider, quick=False)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few exchanges, to see that it works")
    given = parser.parse_args()
    blocks, calls, warm_up = (6, 50, 600) if given.quick else (30, 50, 6000)
    console = Console()
    with Progress(console=console, transient=True) as progress:
        step = progress.add_task("", total=None)
        report = run(blocks, calls, warm_up, lambda text: progress.update(step, description=text))
    target = ROOT / "build" / ("bench-keycloak-quick.json" if given.quick else "bench-keycloak.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(report, console)
    bound = P50_ADDED * (QUICK_SLACK if given.quick else 1.0)
    crossed = report["added"]["p50_ms"]["all"] > bound
    console.print(
        f"p50 added is {'more than' if crossed else 'within'} {bound} ms; written to {target.relative_to(ROOT)}"
    )
    raise SystemExit(crossed)


if __name__ == "__main__":
    main()
