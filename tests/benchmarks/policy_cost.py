"""What the shipped policy costs, counted instead of timed: expressions evaluated and allocations of OPA."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import world

from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy

MAX_EXPRESSIONS = 500
_QUERY = "data.actas.decision.decision"


def measure(folder: Path) -> dict[str, float]:
    """Give `expressions` (`opa eval --profile`), `allocations` and `microseconds` (`opa bench`) of an allow."""
    opa = resolve_opa()
    compiled = compile_policy([world.repository(folder / "cost")], opa=opa, into=folder)
    question = folder / "question.json"
    question.write_text(json.dumps(world.question()), encoding="utf-8")
    over = ["--format", "json", "--bundle", str(compiled.path), "--input", str(question), _QUERY]
    profiled = _run(opa, ["eval", "--profile", "--profile-limit", "100000", *over])
    benched = _run(opa, ["bench", *over])
    if profiled["result"][0]["expressions"][0]["value"]["effect"] != "ALLOW":
        raise RuntimeError("the base decision is no allow, so it does not show what an allow costs")
    return {
        "expressions": sum(line["num_eval"] for line in profiled["profile"]),
        "allocations": round(benched["MemAllocs"] / benched["N"]),
        "microseconds": round(benched["T"] / benched["N"] / 1000, 1),
    }


def _run(opa: Path, arguments: list[str]) -> Any:
    done = subprocess.run([str(opa), *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
