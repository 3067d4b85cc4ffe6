"""Fuzz the service: `python tests/fuzz/run.py --inputs 20000 [--seconds N] [--seed N]`.

Half of the inputs are mutated exchanges on the real OPA, the rest are raw bytes for the parsers of messages and of
documents. Ends with status 1 and the inputs when anything was found.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import secrets
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "service"), str(ROOT / "tests" / "fuzz")]

from harness import Harness  # noqa: E402 - the paths come first
from targets import Targets, tell  # noqa: E402


def fuzz(inputs: int, *, number: int, seconds: float = math.inf) -> tuple[int, Harness]:
    """Draw *inputs* from the seed *number*; gives how many were given, and what was seen."""
    with tempfile.TemporaryDirectory(prefix="actas-fuzz-") as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        harness = runner.run(stack.enter_async_context(Harness.open(Path(folder))))
        try:
            targets = Targets(harness, runner, number=number, end=time.monotonic() + seconds, progress=tell)
            targets.exchanges(inputs // 2)
            targets.messages(inputs // 4)
            targets.documents(inputs // 4)
        finally:
            runner.run(stack.aclose())
        return targets.given, harness


def main() -> int:
    """Fuzz as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many inputs")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so many seconds")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="to draw the same inputs again")
    chosen = parser.parse_args()
    began = time.monotonic()
    given, harness = fuzz(chosen.inputs, number=chosen.seed, seconds=chosen.seconds)
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(harness.outcomes.items()))
    tell(f"{given} inputs with seed {chosen.seed} in {time.monotonic() - began:.0f} s: {outcomes}")
    tell(f"slowest parse {harness.slowest * 1000:.0f} ms, {len(harness.findings)} findings")
    for finding in list(harness.findings)[:20]:
        tell(finding)
    return 1 if harness.findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
