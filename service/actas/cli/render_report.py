"""A test run for people: what failed side by side, then one line that sums it up."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from actas.cli.render import text
from actas.policy.report import CaseResult, Coverage, Outcome, RegoTest, Report, SuiteResult

_MARKS = {Outcome.PASSED: ("✓", "green"), Outcome.FAILED: ("✗", "red"), Outcome.ERROR: ("!", "red")}


def show_report(console: Console, report: Report, *, verbose: bool = False) -> None:
    """Print *report*; passed cases are listed only when *verbose*."""
    for suite in report.suites:
        _suite(console, suite, verbose)
    for test in report.rego:
        if test.outcome is not Outcome.PASSED or verbose:
            _rego(console, test)
    if report.coverage is not None:
        _coverage(console, report.coverage)
    _summary(console, report)


def _suite(console: Console, suite: SuiteResult, verbose: bool) -> None:
    bad = [case for case in suite.cases if case.outcome is not Outcome.PASSED]
    mark, colour = _MARKS[Outcome.FAILED if bad else Outcome.PASSED]
    line = text(f"{mark} ", colour).append_text(text(suite.title, "bold"))
    line.append_text(text(f"  {suite.file}  {len(suite.cases) - len(bad)}/{len(suite.cases)}", "dim"))
    console.print(line, soft_wrap=True)
    for case in suite.cases if verbose else bad:
        _case(console, suite, case)


def _case(console: Console, suite: SuiteResult, case: CaseResult) -> None:
    mark, colour = _MARKS[case.outcome]
    line = text(f"  {mark} ", colour).append_text(text(case.name))
    console.print(line.append_text(text(f"  {suite.file}:{case.line}", "dim")), soft_wrap=True)
    if case.message:
        console.print(text(f"      {case.message}", colour))
    if case.differences:
        console.print(_differences(case))


def _differences(case: CaseResult) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("      ", no_wrap=True)
    table.add_column("expected", style="green", overflow="fold", ratio=1)
    table.add_column("actual", style="red", overflow="fold", ratio=1)
    for difference in case.differences:
        table.add_row(text(f"      {difference.key}"), _value(difference.expected), _value(difference.actual))
    return table


def _value(value: Any) -> Any:
    compact = json.dumps(value, ensure_ascii=False)
    return text(compact if len(compact) <= 60 else json.dumps(value, ensure_ascii=False, indent=1))


def _rego(console: Console, test: RegoTest) -> None:
    mark, colour = _MARKS[test.outcome]
    line = text(f"{mark} ", colour).append_text(text(f"{test.package}.{test.name}"))
    console.print(line.append_text(text(f"  {test.file}:{test.line}", "dim")), soft_wrap=True)
    if test.message:
        console.print(text(f"      {test.message}", colour))


def _coverage(console: Console, coverage: Coverage) -> None:
    for file in coverage.files:
        if file.percent < 100:
            rows = ", ".join(map(str, file.not_covered[:12])) + (" …" if len(file.not_covered) > 12 else "")
            console.print(
                text(f"  {file.percent:6.2f} %  {file.file}", "yellow").append_text(text(f"  lines {rows}", "dim")),
                soft_wrap=True,
            )
    wanted = f", {coverage.threshold:g} % wanted" if coverage.threshold else ""
    console.print(text(f"Rego coverage {coverage.percent:g} %{wanted}", "green" if coverage.reached else "bold red"))


def _summary(console: Console, report: Report) -> None:
    cases = sum(len(suite.cases) for suite in report.suites)
    words = f"{report.count(Outcome.PASSED)} of {report.total} passed"
    words += f" ({cases} cases, {len(report.rego)} Rego tests) in {report.seconds:.1f} s, revision {report.revision}"
    console.print(text(words, "bold green" if report.passed else "bold red"))
