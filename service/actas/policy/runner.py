"""Runs fixture suites against one policy revision, each case through the whole decision path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from actas.decision import Decision
from actas.errors import ActivationError, EngineError, ProtocolError
from actas.policy.expectation import differences
from actas.policy.fixtures import Case, Suite
from actas.policy.report import CaseResult, Outcome, SuiteResult

# OPA evaluates one call per core; a few more keep it busy while Python compares.
_CONCURRENT_CASES = 8


class Checker(Protocol):
    """Decides at a frozen time over overridden data; `workbench` is the one that does it on OPA."""

    @property
    def code_groups(self) -> Mapping[str, int]:
        """The position of the group of every denial code."""

    async def check(self, request: Mapping[str, Any], *, now: int, data: Mapping[str, Any] | None) -> Decision:
        """Decide the exchange document *request*; raises `ProtocolError`, `EngineError`, `ActivationError`."""


async def run(
    suites: Iterable[Suite],
    checker: Checker,
    *,
    only: str = "",
    on_case: Callable[[CaseResult], None] = lambda _case: None,
) -> tuple[SuiteResult, ...]:
    """Run the cases whose suite title or name contains *only* (any case), some at a time.

    *on_case* is called as each case ends. Suites without a matching case are left out.
    """
    gate = asyncio.Semaphore(_CONCURRENT_CASES)

    async def one(case: Case) -> CaseResult:
        async with gate:
            result = await _run_case(case, checker)
        on_case(result)
        return result

    ran = []
    for suite in suites:
        chosen = [case for case in suite.cases if only.casefold() in f"{suite.title} > {case.name}".casefold()]
        if chosen:
            results = await asyncio.gather(*(one(case) for case in chosen))
            ran.append(SuiteResult(suite.title, suite.file, suite.guard, tuple(results)))
    return tuple(ran)


def guard_suites(suites: Iterable[Suite]) -> list[Suite]:
    """Reduce the shipped guard suites to what an adopter's revision may not change: that they deny.

    An adopter may deny for another reason, so only the effect is kept of each case.
    """
    kept = []
    for suite in suites:
        denied = tuple(
            Case(case.name, case.line, case.now, case.request, case.data, {"effect": "DENY"})
            for case in suite.cases
            if case.expect["effect"] == "DENY"
        )
        if suite.guard and denied:
            kept.append(Suite(suite.title, suite.file, True, denied))
    return kept


async def _run_case(case: Case, checker: Checker) -> CaseResult:
    started = time.perf_counter()
    try:
        decision = await checker.check(case.request, now=case.now, data=case.data)
    except (ProtocolError, ActivationError) as error:
        # The case is at fault: no decision was asked for that could be compared.
        outcome, message = Outcome.FAILED, f"the case cannot be decided: {error}"
    except EngineError as error:
        outcome, message = Outcome.ERROR, f"no decision was made: {error}"
    else:
        found = differences(case.expect, decision, checker.code_groups)
        ended = Outcome.FAILED if found else Outcome.PASSED
        return CaseResult(case.name, case.line, ended, time.perf_counter() - started, found)
    return CaseResult(case.name, case.line, outcome, time.perf_counter() - started, (), message)
