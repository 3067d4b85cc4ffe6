"""`actas lint`: everything that activation would refuse, and what a reviewer would ask for."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from actas.cli import options
from actas.cli.exits import Exit, sentences
from actas.cli.progress import Progress
from actas.engine import DEFAULT_ENGINE, EngineKind
from actas.engine.opa_binary import resolve_opa
from actas.errors import ActivationError, Problem
from actas.policy import absent, rego_tests, sources, suite_gate
from actas.policy.bundle import compile_policy

EXAMPLE = "Example: actas lint --policies policies"
app = typer.Typer()


@app.command(epilog=EXAMPLE)
@sentences
def lint(
    roots: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR", exists=True, help="The same as --policies.")
    ] = None,
    policies: options.Policies = None,
    engine: options.Engine = DEFAULT_ENGINE,
    as_json: options.Json = False,
) -> None:
    """Check form, settings, registry, suites and formatting.

    Exit status: 0 nothing found, 1 problems, 3 it could not be checked.
    """
    chosen = [*(roots or []), *(policies or [])]
    with Progress("checking the policies"):
        problems, weaker = asyncio.run(_check(chosen, engine))
    if as_json:
        found = [{"file": p.file, "line": p.line, "message": p.message} for p in problems]
        typer.echo(json.dumps({"problems": found, "weaker": list(weaker)}, indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem))
        for sentence in weaker:
            typer.echo(f"note: weaker than shipped: {sentence}")
        plural = "" if len(problems) == 1 else "s"
        typer.echo(f"{len(problems) or 'no'} problem{plural}", err=True)
    raise typer.Exit(Exit.DENY if problems else Exit.OK)


async def _check(roots: Sequence[Path], engine: EngineKind) -> tuple[list[Problem], tuple[str, ...]]:
    opa = await asyncio.to_thread(resolve_opa)
    found: list[Problem] = []
    weaker: tuple[str, ...] = ()
    data = {}
    try:
        with tempfile.TemporaryDirectory(prefix="actas-lint-") as folder:
            compiled = await asyncio.to_thread(compile_policy, list(roots), opa=opa, into=Path(folder))
        weaker, data = compiled.weaker, compiled.data.tree()
        found += absent.calls(absent.ABSENT, compiled.sources.rego) if engine == "wasm" else []
    except ActivationError as error:
        found += error.problems
    try:
        suite_gate.own_suites(roots) if roots else suite_gate.shipped_suites()
    except ActivationError as error:
        found += error.problems
    try:
        with rego_tests.staged(opa, sources.load(roots), data) as suite:
            found += await suite.problems()
    except ActivationError as error:
        found += error.problems
    return sorted(set(found), key=lambda problem: (problem.file, problem.line, problem.message)), weaker
