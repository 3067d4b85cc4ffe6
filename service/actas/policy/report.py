"""What a test run found: suites, Rego tests and coverage, as values and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from actas.errors import Problem
from actas.policy.expectation import Difference


class Outcome(StrEnum):
    """How one case or Rego test ended; `error` means that there was no answer to compare."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: what differed, or why there is no decision. `seconds` is wall time."""

    name: str
    line: int
    outcome: Outcome
    seconds: float = 0.0
    differences: tuple[Difference, ...] = ()
    message: str = ""

    @property
    def summary(self) -> str:
        """What went wrong, in one line; empty for a case that passed."""
        differing = (
            f"{d.key}: expected {json.dumps(d.expected)}, actual {json.dumps(d.actual)}" for d in self.differences
        )
        return self.message or "; ".join(differing)

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form; what is empty is left out."""
        document: dict[str, Any] = {"name": self.name, "line": self.line, "outcome": self.outcome.value}
        if self.differences:
            document["differences"] = [
                {"key": d.key, "expected": d.expected, "actual": d.actual} for d in self.differences
            ]
        return document | ({"message": self.message} if self.message else {})


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite file and its cases, in the order in which they are written."""

    title: str
    file: str
    guard: bool
    cases: tuple[CaseResult, ...]

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        cases = [case.to_document() for case in self.cases]
        return {"suite": self.title, "file": self.file, "guard": self.guard, "cases": cases}


@dataclass(frozen=True, slots=True)
class RegoTest:
    """One `test_` rule as `opa test` ran it."""

    package: str
    name: str
    file: str
    line: int
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        shown = {"package": self.package, "name": self.name, "file": self.file, "line": self.line}
        return {**shown, "outcome": self.outcome.value} | ({"message": self.message} if self.message else {})


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """Which part of one Rego file the Rego tests evaluated, in per cent, and the lines that they did not."""

    file: str
    percent: float
    not_covered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Rego coverage of a run, in per cent of the lines that can be covered; a threshold of 0 asks for nothing."""

    percent: float
    threshold: float
    files: tuple[FileCoverage, ...]

    @property
    def reached(self) -> bool:
        """Whether the threshold is met."""
        return self.percent >= self.threshold

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form."""
        files = [{"file": f.file, "percent": f.percent, "not_covered": list(f.not_covered)} for f in self.files]
        return {"percent": self.percent, "threshold": self.threshold, "files": files}


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run against one policy revision."""

    revision: str
    suites: tuple[SuiteResult, ...] = ()
    rego: tuple[RegoTest, ...] = ()
    coverage: Coverage | None = None
    seconds: float = field(default=0.0, compare=False)

    def count(self, outcome: Outcome) -> int:
        """Count cases and Rego tests that ended in *outcome*."""
        ended = [case.outcome for suite in self.suites for case in suite.cases]
        return (ended + [test.outcome for test in self.rego]).count(outcome)

    @property
    def own_cases(self) -> int:
        """How many cases are not of a shipped guard suite."""
        return sum(len(suite.cases) for suite in self.suites if not suite.guard)

    @property
    def failures(self) -> list[Problem]:
        """Every case and Rego test that did not pass, with its place."""
        cases = [(suite.file, case) for suite in self.suites for case in suite.cases]
        found = [
            Problem(f"the case '{case.name}' {case.outcome}: {case.summary}", file, case.line)
            for file, case in cases
            if case.outcome is not Outcome.PASSED
        ]
        tests = [test for test in self.rego if test.outcome is not Outcome.PASSED]
        return found + [Problem(f"{test.package}.{test.name}: {test.message}", test.file, test.line) for test in tests]

    @property
    def total(self) -> int:
        """How many cases and Rego tests ran."""
        return sum(len(suite.cases) for suite in self.suites) + len(self.rego)

    @property
    def passed(self) -> bool:
        """Whether everything that ran passed; a run of nothing has not passed."""
        enough = self.coverage is None or self.coverage.reached
        return enough and 0 < self.total == self.count(Outcome.PASSED)

    def to_document(self) -> dict[str, Any]:
        """Return the JSON form that `actas test --json` prints."""
        document: dict[str, Any] = {
            "revision": self.revision,
            **{outcome.value: self.count(outcome) for outcome in Outcome},
            "suites": [suite.to_document() for suite in self.suites],
            "rego": [test.to_document() for test in self.rego],
        }
        return document | ({"coverage": self.coverage.to_document()} if self.coverage else {})
