"""`actas test`: suites through the whole decision path, and `opa test`."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from actas.cli import options
from actas.cli.exits import Exit, bad_input, sentences
from actas.cli.progress import Progress
from actas.cli.render_report import show_report
from actas.engine import DEFAULT_ENGINE, EngineKind
from actas.policy import fixtures, junit, rego_tests, runner, suite_gate
from actas.policy.fixtures import Suite
from actas.policy.report import Outcome, Report
from actas.policy.workbench import Workbench

EXAMPLE = "Example: actas test --policies policies --junit junit.xml --coverage --threshold 95"
app = typer.Typer()


@app.command(name="test", epilog=EXAMPLE)
@sentences
def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Only the suites in these files and directories, and no Rego tests.")
    ] = None,
    *,
    policies: options.Policies = None,
    engine: options.Engine = DEFAULT_ENGINE,
    as_json: options.Json = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Measure what the Rego tests cover.")] = False,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0, max=100, help="Fail below this coverage, in per cent.")
    ] = None,
    only: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only cases and Rego tests whose name contains this.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", help="List what passed as well.")] = False,
) -> None:
    """Run the fixture suites and the Rego tests.

    Without PATHS these are the suites and Rego tests of the policies given, and the shipped guard suites; without
    policies they are the shipped ones.

    Exit status: 0 all passed, 1 not, 2 bad input, 3 no decision could be made.
    """
    measured = (threshold or 0.0) if coverage or threshold is not None else None
    report = asyncio.run(_run(paths or [], policies or [], engine, only, measured))
    if junit_file is not None:
        try:
            junit_file.write_text(junit.to_xml(report), encoding="utf-8")
        except OSError as error:
            raise bad_input(f"{junit_file}: {error.strerror}") from None
    if as_json:
        typer.echo(json.dumps(report.to_document(), indent=2))
    else:
        show_report(options.console(), report, verbose=verbose)
    if report.total == 0:
        raise bad_input(f"no case and no Rego test contains '{only}'" if only else "there is nothing to test")
    if report.count(Outcome.ERROR):
        raise typer.Exit(Exit.NO_DECISION)
    raise typer.Exit(Exit.OK if report.passed else Exit.DENY)


async def _run(
    paths: list[Path], policies: list[Path], engine: EngineKind, only: str, threshold: float | None
) -> Report:
    started = time.monotonic()
    with Progress("reading the suites") as progress:
        suites = _suites(paths, policies)
        total = sum(len(suite.cases) for suite in suites)
        progress.say("compiling the policies and starting their engine")
        async with Workbench.open(policies, engine=engine) as workbench:
            ran = 0

            def count(_case: object) -> None:
                nonlocal ran
                ran += 1
                progress.say(f"running cases, {ran} of {total}")

            results = await runner.run(suites, workbench, only=only, on_case=count)
            report = Report(workbench.compiled.revision, results)
            if not paths or threshold is not None:
                progress.say("running Rego tests")
                report = await _rego(workbench, report, only, threshold)
    return replace(report, seconds=time.monotonic() - started)


def _suites(paths: list[Path], policies: list[Path]) -> list[Suite]:
    if paths:
        return fixtures.load_all(paths)
    if policies:
        return [*suite_gate.own_suites(policies), *suite_gate.guard_suites()]
    return suite_gate.shipped_suites()


async def _rego(workbench: Workbench, report: Report, only: str, threshold: float | None) -> Report:
    compiled = workbench.compiled
    with rego_tests.staged(workbench.opa, compiled.sources, compiled.data.tree()) as suite:
        tests = await suite.run(only)
        report = replace(report, rego=tests)
        # OPA measures nothing while a test fails, and the run has failed anyway.
        if threshold is not None and all(test.outcome is Outcome.PASSED for test in tests):
            report = replace(report, coverage=await suite.coverage(threshold))
    return report
