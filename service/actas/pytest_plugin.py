"""Collects fixture suites as tests: `pytest policies/` runs the cases that `actas test` runs.

The policies are those of `--actas-policies` or the ini value `actas_policies`; else the policy repository
that a suite lies in; else the shipped ones alone.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from actas.errors import ActasError
from actas.policy import fixtures, runner
from actas.policy.fixtures import Case, Suite, SuiteError
from actas.policy.report import CaseResult, Outcome
from actas.policy.workbench import Workbench

T = TypeVar("T")
_BENCHES = pytest.StashKey["Workbenches"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the policies are."""
    words = "Policy repository whose suites are run; repeatable."
    parser.getgroup("actas").addoption("--actas-policies", action="append", default=[], metavar="DIR", help=words)
    parser.addini("actas_policies", words, type="paths", default=[])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect YAML files that have both `suite` and `cases`."""
    if file_path.suffix in (".yaml", ".yml") and fixtures.is_suite(file_path, strictly=True):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the engines that cases were run on."""
    if (benches := config.stash.get(_BENCHES, None)) is not None:
        benches.close()


class SuiteFile(pytest.File):
    """One suite file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Give an item per case; a suite that cannot be read is a collection error."""
        try:
            suite = fixtures.load(self.path, relative_to=self.config.rootpath)
        except SuiteError as error:
            raise self.CollectError(str(error)) from None
        for case in suite.cases:
            yield CaseItem.from_parent(self, name=case.name, suite=suite, case=case)


class CaseItem(pytest.Item):
    """One case of a suite."""

    def __init__(self, *, suite: Suite, case: Case, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._suite = suite
        self._case = case

    def runtest(self) -> None:
        """Decide the case on a checking engine; raises `CaseFailedError` with what differs."""
        benches = self.config.stash.setdefault(_BENCHES, Workbenches())
        only_this = Suite(self._suite.title, self._suite.file, self._suite.guard, (self._case,))
        (ran,) = benches.run([only_this], _roots(self.config, self.path))
        if ran.outcome is not Outcome.PASSED:
            raise CaseFailedError(ran)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show expected and actual side by side, and policies that cannot be used as a sentence."""
        if isinstance(excinfo.value, CaseFailedError | ActasError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case is written."""
        return self.path, self._case.line - 1, f"{self._suite.title}: {self._case.name}"


class CaseFailedError(Exception):
    """A case did not come out as written."""

    def __init__(self, result: CaseResult) -> None:
        rows = [(d.key, json.dumps(d.expected), json.dumps(d.actual)) for d in result.differences]
        table = [("", "expected", "actual"), *rows] if rows else []
        widths = [max((len(row[column]) for row in table), default=0) for column in range(3)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
        ]
        super().__init__("\n".join(filter(None, [result.message, *lines])))


class Workbenches:
    """The engines of one pytest run, one per set of policies, on a loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self._open: dict[tuple[Path, ...], Workbench | ActasError] = {}

    def run(self, suites: list[Suite], roots: tuple[Path, ...]) -> list[CaseResult]:
        """Run *suites* over the policies in *roots*; raises what keeps these from being used."""
        results = self._wait(self._run(suites, roots))
        return [case for result in results for case in result.cases]

    def close(self) -> None:
        """Stop every engine."""
        self._wait(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _run(self, suites: list[Suite], roots: tuple[Path, ...]) -> Any:
        if roots not in self._open:
            try:
                self._open[roots] = await self._stack.enter_async_context(Workbench.open(roots))
            except ActasError as error:
                self._open[roots] = error
        bench = self._open[roots]
        if isinstance(bench, ActasError):
            raise bench
        return await runner.run(suites, bench)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _roots(config: pytest.Config, path: Path) -> tuple[Path, ...]:
    named = [config.invocation_params.dir / root for root in config.getoption("--actas-policies")]
    if named := named or config.getini("actas_policies"):
        return tuple(named)
    around = next((folder for folder in path.parents if (folder / "custom" / "actas").is_dir()), None)
    return () if around is None else (around,)
