"""What 100,000 active revocations cost a decision that none of them touches: `python tests/benchmarks/revocations.py`.

In one process, without gRPC: CPU of a whole decision of the embedded engine, with them and without, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import world

from actas.decide import Decider
from actas.document import from_document
from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy
from actas.policy.engines import Engines
from actas.policy.handle import EngineHandle, ServingRevision
from actas.policy.state import RevocationState
from actas.receipts.record import Record
from actas.server import garbage

AT_MOST = 1.10
_KINDS = 10


class _Nowhere:
    async def record(self, record: Record) -> None:
        """Drop it: what a receipt costs is measured elsewhere."""


def entries(count: int) -> Iterator[dict[str, Any]]:
    """Give *count* revocations of every kind, of parties that the exchange does not name."""
    for number in range(count // _KINDS):
        yield {"kind": "subject", "sub": f"user-{number}", "event_timestamp": 1_800_000_000}
        yield {"kind": "session", "sid": f"session-{number}"}
        yield {"kind": "agent", "id": f"revoked-{number}"}
        yield {"kind": "actor", "sub": f"spiffe://example.org/revoked/{number}"}
        yield {"kind": "actor_prefix", "sub": f"spiffe://revoked.example/{number}"}
        yield {"kind": "client", "client_id": f"client-{number}"}
        yield {"kind": "delegation", "sub": f"user-{number}", "actor": "agent-0"}
        yield {"kind": "jti", "jti": f"token-{number}"}
        yield {"kind": "chain", "txn": f"root-{number}"}
        yield {"kind": "claims", "sub": f"user-{number}", "claims": {"role": "reader"}}


async def measure(count: int, *, rounds: int, calls: int) -> dict[str, Any]:
    """Give the ratio of CPU per decision with *count* revocations to without, its spread, and the microseconds."""
    with tempfile.TemporaryDirectory(prefix="actas-bench-") as directory:
        folder, opa = Path(directory), resolve_opa()
        compiled = compile_policy([world.repository(folder / "root", agents=100)], opa=opa, into=folder, wasm=True)
        engine = await Engines("wasm", opa).serving(compiled, on_batch=lambda *_: None, on_error=lambda *_: None)
        handle = EngineHandle()
        handle.swap(ServingRevision(engine, compiled))
        states = {"without": RevocationState.fresh(), "with": RevocationState("many", entries(count))}
        deciders = {name: Decider(handle, _Nowhere(), state=state) for name, state in states.items()}
        request = from_document(world.document())
        garbage.settle()
        seen: dict[str, list[float]] = {name: [] for name in deciders}
        for _ in range(rounds):
            for name, decider in deciders.items():
                begun = time.process_time()
                for _ in range(calls):
                    decision = await decider.decide(request, timeout=5)
                seen[name].append((time.process_time() - begun) / calls * 1e6)
                if decision.denials:
                    raise RuntimeError("the decision is no allow")
        await engine.close()
    ratios = [one / other for one, other in zip(seen["with"], seen["without"], strict=True)]
    return {
        "revocations": len(list(entries(count))),
        "ratio": round(statistics.median(ratios), 3),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "microseconds": {name: round(min(times), 1) for name, times in seen.items()},
    }


def main() -> int:
    """Measure, print, and end with status 1 where it costs more than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=1000)
    given = parser.parse_args()
    print("compiling the policies and deciding, about half a minute", file=sys.stderr)
    report = asyncio.run(measure(given.count, rounds=given.rounds, calls=given.calls))
    print(json.dumps(report, indent=2))
    return 0 if report["ratio"] <= AT_MOST else 1


if __name__ == "__main__":
    raise SystemExit(main())
