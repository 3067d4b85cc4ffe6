"""Compare the two engines: `python tests/policy/differential.py --inputs 100000 [--seed N]`.

Every input goes through OPA and through the module that OPA compiled from the same revision; what they answer must be
the same in every member. Inputs that no request gives make built-ins fail. OPA skips definitions that its index rules
out or that come after one that holds, and the module tries them all, so there one engine may fail alone; but the
embedded one allows nothing on which OPA fails.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import json
import logging
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "service"), str(ROOT / "tests" / "fuzz"), str(ROOT / "tests" / "policy")]

from judge import policy  # noqa: E402 - the paths come first
from random_inputs import inputs  # noqa: E402

from actas.decision import Effect  # noqa: E402
from actas.engine import PolicyEngine, PolicyResult  # noqa: E402
from actas.engine.opa_binary import resolve_opa  # noqa: E402
from actas.errors import EngineError  # noqa: E402
from actas.policy.bundle import CompiledPolicy, compile_policy  # noqa: E402
from actas.policy.engines import Engines  # noqa: E402

# As many as travel in one call to OPA, twice: it evaluates two calls at a time.
TOGETHER = 128
# OPA shares this machine with whatever else runs there.
SECONDS = 60.0
# Settings under which rules come to other conclusions. Each is a revision of its own.
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"impersonation": "allow", "scope_excess": "deny", "max_targets": 2, "may_act_array": True, "chain_loop": "allow"},
    {"disabled_rules": ["SCOPE_FORBIDDEN", "LIFETIME_TOO_SHORT"], "lifetime_caps": [], "max_chain_depth": 1},
)

Outcome = PolicyResult | EngineError


class Comparison:
    """Two engines on one revision, what they answered, and where they differ."""

    def __init__(self, sidecar: PolicyEngine, embedded: PolicyEngine, *, ill_typed: bool) -> None:
        """Compare *sidecar* with *embedded*; *ill_typed* inputs may fail in one of them."""
        self._sidecar = sidecar
        self._embedded = embedded
        self._ill_typed = ill_typed
        self.outcomes: Counter[str] = Counter()
        self.findings: list[str] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, compiled: CompiledPolicy, opa: Path, *, ill_typed: bool = False) -> AsyncIterator[Comparison]:
        """Start both engines on *compiled*."""
        async with AsyncExitStack() as stack:
            engines = [await Engines(kind, opa).serving(compiled) for kind in ("sidecar", "wasm")]
            for engine in engines:
                stack.push_async_callback(engine.close)
            yield cls(*engines, ill_typed=ill_typed)

    async def compare(self, questions: Iterable[Mapping[str, Any]]) -> None:
        """Ask both the same, many at a time."""
        waiting = iter(questions)
        while batch := list(itertools.islice(waiting, TOGETHER)):
            theirs = await asyncio.gather(*(_ask(self._sidecar, question) for question in batch))
            ours = [await _ask(self._embedded, question) for question in batch]
            for question, their, our in zip(batch, theirs, ours, strict=True):
                self.judge(question, their, our)

    def judge(self, question: Mapping[str, Any], their: Outcome, our: Outcome) -> None:
        """Note whether *our* outcome is *their* outcome."""
        if isinstance(their, PolicyResult) and isinstance(our, PolicyResult):
            self.outcomes[their.effect.value] += 1
            if written(their) != written(our):
                self._found("differs", question, their, our)
        elif isinstance(our, EngineError) and isinstance(their, EngineError):
            self.outcomes[f"both {our.reason}"] += 1
            if our.reason != their.reason and not self._ill_typed:
                self._found("another error", question, their, our)
        else:
            self.outcomes["only one fails"] += 1
            failed = our if isinstance(our, EngineError) else their
            stricter = isinstance(our, EngineError) or our.effect is Effect.DENY
            # Only a failure of evaluation: a late answer would prove nothing.
            evaluated = isinstance(failed, EngineError) and failed.reason == "ENGINE_FAILED"
            if not (self._ill_typed and stricter and evaluated):
                self._found("only one has an answer", question, their, our)

    def _found(self, what: str, question: Mapping[str, Any], their: Outcome, our: Outcome) -> None:
        self.findings.append(f"{what}: {json.dumps(question)}\n  OPA {their!r}\n  embedded {our!r}")


def written(result: PolicyResult) -> str:
    """Give every member as text, so that 1, 1.0 and true are not the same, in the order in which it goes out."""
    return json.dumps(dataclasses.asdict(result))


async def _ask(engine: PolicyEngine, question: Mapping[str, Any]) -> Outcome:
    try:
        return await engine.evaluate(question, timeout=SECONDS)
    except EngineError as error:
        return error


def compiled_with(folder: Path, variant: Mapping[str, Any], opa: Path) -> CompiledPolicy:
    """Compile the shipped policies over the fuzzer's settings and registry, with the settings of *variant*."""
    settings, registry = policy()
    root = folder / "root"
    for name, data in (("settings", {**settings, **variant}), ("registry", registry)):
        path = root / "custom" / "actas" / name / "data.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf-8")
    (root / ".manifest").write_text('{"roots": ["custom/actas"]}', encoding="utf-8")
    return compile_policy([root], opa=opa, into=folder, wasm=True)


async def differ(count: int, number: int, variant: Mapping[str, Any], *, ill_typed: bool = False) -> Comparison:
    """Compare *count* random inputs drawn from the seed *number*."""
    opa = await asyncio.to_thread(resolve_opa)
    with tempfile.TemporaryDirectory(prefix="actas-differential-") as folder:
        compiled = await asyncio.to_thread(compiled_with, Path(folder), variant, opa)
        async with Comparison.open(compiled, opa, ill_typed=ill_typed) as comparison:
            await comparison.compare(itertools.islice(inputs(number, ill_typed=ill_typed), count))
    return comparison


async def _run(count: int, number: int) -> list[str]:
    findings: list[str] = []
    runs = [(variant, False) for variant in VARIANTS] + [({}, True)]
    for turn, (variant, ill_typed) in enumerate(runs):
        # Inputs that no request gives make OPA fail, which costs it a call each: a tenth of them is enough.
        share = count // 10 if ill_typed else count // len(VARIANTS) + 1
        began = time.monotonic()
        comparison = await differ(share, number + turn, variant, ill_typed=ill_typed)
        told = ", ".join(f"{times} {name}" for name, times in sorted(comparison.outcomes.items()))
        kind = "ill-typed" if ill_typed else json.dumps(variant)
        sys.stderr.write(f"{kind}: {share} inputs in {time.monotonic() - began:.0f} s: {told}\n")
        findings += comparison.findings
    return findings


def main() -> int:
    """Compare as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="to draw the same inputs again")
    chosen = parser.parse_args()
    # What is made to fail is counted, not told one by one.
    logging.getLogger("actas.engine").setLevel(logging.ERROR)
    findings = asyncio.run(_run(chosen.inputs, chosen.seed))
    sys.stderr.write(f"seed {chosen.seed}: {len(findings)} differences\n")
    for finding in findings[:10]:
        sys.stderr.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
