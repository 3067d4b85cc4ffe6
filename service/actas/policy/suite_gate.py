"""Which suites a revision must pass, and the run that decides whether it may serve."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from actas.policy import fixtures, runner
from actas.policy.fixtures import Suite
from actas.policy.report import Report
from actas.policy.shipped import shipped_policies

if TYPE_CHECKING:
    from actas.policy.bundle import CompiledPolicy
    from actas.policy.engines import Engines

# Looked for before a file is parsed; whether it is a guard suite is then read properly.
_GUARD = "\nguard: true\n"


async def run_suites(compiled: CompiledPolicy, roots: Sequence[Path], engines: Engines) -> Report:
    """Run the adopters' suites below *roots* and the shipped guard suites on *compiled*, as *engines* will serve it.

    `Report.own_cases` counts the adopters' cases; a root without any is untested. Raises `SuiteError` when
    a suite cannot be read, `EngineError` or `ActivationError` when the engine cannot be started.
    """
    # Slow to load, and whoever only reads suites needs no engine.
    from actas.policy.workbench import Workbench  # noqa: PLC0415

    # YAML takes its time, and the decisions of the serving revision go on meanwhile.
    suites = [*await asyncio.to_thread(own_suites, roots), *await asyncio.to_thread(guard_suites)]
    started = time.monotonic()
    async with Workbench.on(compiled, engines, roots) as workbench:
        results = await runner.run(suites, workbench)
    return Report(compiled.revision, results, seconds=time.monotonic() - started)


def own_suites(roots: Sequence[Path]) -> list[Suite]:
    """Load the suites of the adopters' *roots*; a bundle file has none."""
    suites = fixtures.load_all([root for root in roots if root.is_dir()])
    return [replace(suite, guard=False) for suite in suites]


def shipped_suites() -> list[Suite]:
    """Load the suites of the shipped policies."""
    policies = shipped_policies()
    return fixtures.load_all([policies / "cases"], relative_to=policies.parent)


@functools.cache
def guard_suites() -> tuple[Suite, ...]:
    """Load the shipped guard suites, once: what every adopter's revision must deny as well."""
    policies = shipped_policies()
    marked = [path for path in fixtures.find([policies / "cases"]) if _GUARD in path.read_text(encoding="utf-8")]
    return tuple(runner.guard_suites(fixtures.load_all(marked, relative_to=policies.parent)))
