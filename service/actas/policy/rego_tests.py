"""Runs `opa test` over a revision's modules and data, in a directory of its own.

With adopters' roots only their tests run: the shipped ones have passed before they were shipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actas.errors import EngineError, Problem, Status
from actas.policy.located import text_of
from actas.policy.report import Coverage, FileCoverage, Outcome, RegoTest
from actas.policy.sources import CUSTOM, PolicySources, RegoFile

# OPA's exit status when tests ran and some failed; 1 means that nothing could run.
_TESTS_FAILED = 2
_SUFFIX = "_test.rego"
TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RegoSuite:
    """The Rego tests of one revision, staged where `opa test` can load nothing else."""

    opa: Path
    stage: Path
    tested: tuple[RegoFile, ...]
    origins: dict[str, str]
    checked: frozenset[str]
    empty: bool

    async def run(self, only: str = "") -> tuple[RegoTest, ...]:
        """Run the tests whose package and name contain *only* (any case). Raises `EngineError` when OPA cannot."""
        if self.empty:
            return ()
        output = await self._opa_test(*(["--run", f"(?i){re.escape(only)}"] if only else []))
        return tuple(self._test(entry) for entry in output or [] if not entry.get("skip"))

    async def coverage(self, threshold: float) -> Coverage:
        """Measure which lines of the tested modules the tests evaluate, in per cent.

        OPA measures only when every test passes: `EngineError` otherwise.
        """
        output = {} if self.empty else await self._opa_test("--coverage")
        if not isinstance(output, dict):
            raise EngineError("coverage is measured only when every Rego test passes", reason="OPA_TEST")
        entries = {file.removeprefix("./"): entry for file, entry in output.get("files", {}).items()}
        covered = missed = 0
        files = []
        for module in self.tested:
            # Metadata and imports alone are nothing that could be covered; OPA leaves such a module out.
            entry = entries.get(module.path)
            if entry is None and not self.empty:
                continue
            entry = entry or {"coverage": 0.0, "not_covered_lines": len(module.text.splitlines())}
            covered += entry.get("covered_lines", 0)
            missed += entry.get("not_covered_lines", 0)
            rows = _rows(entry.get("not_covered", []))
            files.append(FileCoverage(module.origin, round(entry.get("coverage", 0.0), 2), rows))
        percent = round(100 * covered / (covered + missed), 2) if covered + missed else 100.0
        return Coverage(percent, threshold, tuple(files))

    async def problems(self) -> list[Problem]:
        """List what `opa check --strict` and `opa fmt` find in the tested modules and their tests."""
        _status, output, complaint = await self._opa("check", "--strict", "--format", "json", ".")
        found = []
        try:
            # OPA writes its findings to either stream, depending on what went wrong.
            errors = json.loads(output.strip() or complaint or "{}").get("errors", [])
        except (ValueError, AttributeError):
            errors = [{"message": self._translated(complaint)}]
        for error in errors:
            place = error.get("location") or {}
            file = self.origins.get(str(place.get("file", "")).removeprefix("./"), "")
            found.append(Problem(self._translated(str(error.get("message", ""))), file, int(place.get("row", 0))))
        _status, output, _complaint = await self._opa("fmt", "--list", ".")
        unformatted = {line.removeprefix("./") for line in output.splitlines()} & self.checked
        return found + [
            Problem("is not formatted as `opa fmt` does", self.origins[path], 1) for path in sorted(unformatted)
        ]

    async def _opa_test(self, *options: str) -> Any:
        status, output, complaint = await self._opa("test", "--format", "json", *options, ".")
        if status not in (0, _TESTS_FAILED):
            said = self._translated(complaint.strip()) or f"exit status {status}"
            raise EngineError(f"opa test could not run: {said}", status=Status.INTERNAL, reason="OPA_TEST")
        try:
            return json.loads(output) if output.strip() else None
        except ValueError:
            raise EngineError("opa test gave no JSON", status=Status.INTERNAL, reason="OPA_TEST") from None

    async def _opa(self, *arguments: str) -> tuple[int, str, str]:
        child = await asyncio.create_subprocess_exec(
            *(str(self.opa), *arguments),
            cwd=self.stage,
            env={"HOME": str(self.stage), "PATH": os.defpath},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                output, complaint = await child.communicate()
        except TimeoutError:
            raise EngineError(f"opa {arguments[0]} took more than {TIMEOUT_SECONDS:.0f} s", reason="OPA_TEST") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return child.returncode or 0, output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace")

    def _test(self, entry: dict[str, Any]) -> RegoTest:
        failed, error = bool(entry.get("fail")), entry.get("error")
        location = entry.get("location", {})
        message = error.get("message", "error") if isinstance(error, dict) else str(error or "")
        return RegoTest(
            package=str(entry.get("package", "")).removeprefix("data."),
            name=str(entry.get("name", "")),
            file=self.origins.get(str(location.get("file", "")).removeprefix("./"), ""),
            line=int(location.get("row", 0)),
            outcome=Outcome.ERROR if error else Outcome.FAILED if failed else Outcome.PASSED,
            seconds=entry.get("duration", 0) / 1e9,
            message=message or ("the test is not true" if failed else ""),
        )

    def _translated(self, text: str) -> str:
        for path, origin in self.origins.items():
            text = text.replace(path, origin)
        return text


@contextmanager
def staged(opa: Path, sources: PolicySources, data: dict[str, Any]) -> Iterator[RegoSuite]:
    """Stage the modules of *sources*, their tests, and *data* (what OPA loads as `data`). Raises `ActivationError`."""
    adopted = bool(sources.roots)
    modules = (*sources.rego, *(() if adopted else sources.testing))
    tests = [test for root in sources.roots for test in _tests(root, CUSTOM)]
    if not adopted:
        tests = list(_tests(sources.shipped, "actas"))
    with tempfile.TemporaryDirectory(prefix="actas-test-") as directory:
        stage = Path(directory)
        origins = {}
        for file in (*modules, *tests):
            target = stage / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.text, encoding="utf-8")
            origins[file.path] = file.origin
        (stage / "data.json").write_text(json.dumps(data), encoding="utf-8")
        tested = tuple(file for file in modules if file.custom or not adopted)
        checked = frozenset(file.path for file in (*tested, *tests))
        yield RegoSuite(opa, stage, tested, origins, checked, empty=not tests)


def _tests(root: Path, inside: str) -> Iterator[RegoFile]:
    for path in sorted((root / inside).rglob(f"*{_SUFFIX}")):
        yield RegoFile(path.relative_to(root).as_posix(), str(path), text_of(path, str(path)))


def _rows(ranges: list[dict[str, Any]]) -> tuple[int, ...]:
    rows: set[int] = set()
    for missed in ranges:
        rows.update(range(missed["start"]["row"], missed["end"]["row"] + 1))
    return tuple(sorted(rows))
