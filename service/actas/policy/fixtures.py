"""Fixture suites: golden exchanges that a policy revision must decide as written (contract.md, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actas.errors import Problem, SuiteError
from actas.policy import expect_shape, frozen_time
from actas.policy.fixture_parts import PARTS_FILE, Parts
from actas.policy.suite_yaml import SuiteYaml, YamlPath, read

__all__ = ["Case", "Suite", "SuiteError", "find", "is_suite", "load", "load_all"]

_SUITE_KEYS = ("suite", "now", "fixtures", "cases", "guard")
_CASE_KEYS = ("name", "extends", "request", "data", "now", "expect")
_DATA_KEYS = ("settings", "registry", "state")


@dataclass(frozen=True, slots=True)
class Case:
    """One exchange, the moment it happens at (seconds since the epoch), and what must come out.

    `data` holds the overrides of `settings`, `registry` and `state`; None leaves the revision's own.
    """

    name: str
    line: int
    now: int
    request: Mapping[str, Any]
    data: Mapping[str, Any] | None
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite file. A `guard` suite must be denied by every adopter's revision as well."""

    title: str
    file: str
    guard: bool
    cases: tuple[Case, ...]


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the suite files among *paths*; a directory stands for all suites below it, but for hidden ones.

    A file that is named must be a suite; raises `SuiteError` when a path doesn't exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            candidates = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
            found.update(dict.fromkeys(file for file in candidates if not _hidden(file, path) and is_suite(file)))
        elif path.is_file():
            found[path] = None
        else:
            raise SuiteError([Problem("no such file or directory", str(path))])
    return list(found)


def _hidden(file: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(below).parts)


def is_suite(path: Path, *, strictly: bool = False) -> bool:
    """Say whether the YAML file at *path* has a top-level `suite` or `cases`, or *strictly* both.

    Cheap, because it looks at the beginnings of lines only; a file that is meant to be a suite is reported
    as such by `load`.
    """
    marks = ("suite", "cases")
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            # However YAML lets the member's name be written.
            starts = {line.split(":", 1)[0].strip(" \t\"'") for line in lines if line.lstrip("\"'").startswith(marks)}
    except OSError:
        return False
    found = starts & set(marks)
    return len(found) == len(marks) if strictly else bool(found)


def load_all(paths: Iterable[Path], *, relative_to: Path | None = None) -> list[Suite]:
    """Load the suite files below *paths*; raises one `SuiteError` with the problems of all files."""
    suites, wrong = [], []
    for path in find(paths):
        try:
            suites.append(load(path, relative_to=relative_to))
        except SuiteError as error:
            wrong.extend(error.problems)
    if wrong:
        raise SuiteError(wrong)
    return suites


def load(path: Path, *, relative_to: Path | None = None) -> Suite:
    """Load one suite file. Raises `SuiteError` listing everything wrong with it."""
    source = read(path, _shown(path, relative_to))
    beside = path.parent / PARTS_FILE
    shared = read(beside, _shown(beside, relative_to)) if beside.is_file() else None
    reader = _Reader(source, Parts(source, shared))
    wrong = list(reader.problems())
    if wrong:
        raise SuiteError(wrong)
    return Suite(source.value["suite"], source.file, source.value.get("guard", False), tuple(reader.cases()))


def _shown(path: Path, relative_to: Path | None) -> str:
    base = relative_to or Path.cwd()
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)


class _Reader:
    """Checks one suite's shape, then builds its cases."""

    def __init__(self, source: SuiteYaml, parts: Parts) -> None:
        self.source = source
        self.parts = parts

    def problems(self) -> Iterator[Problem]:
        suite = self.source.value
        if not isinstance(suite, dict):
            yield self._problem((), "a suite is an object with 'suite' and 'cases'")
            return
        yield from self._unknown((), suite, _SUITE_KEYS)
        if not (isinstance(suite.get("suite"), str) and suite["suite"].strip()):
            yield self._problem(("suite",), "'suite' must be a sentence saying what holds")
        if not isinstance(suite.get("guard", False), bool):
            yield self._problem(("guard",), "'guard' must be true or false")
        yield from self.parts.problems()
        cases = suite.get("cases")
        if not isinstance(cases, list) or not cases:
            yield self._problem(("cases",), "'cases' must be a list of at least one case")
            return
        names: dict[str, int] = {}
        for index, case in enumerate(cases):
            yield from self._case_problems(("cases", index), case, names)

    def _case_problems(self, path: YamlPath, case: Any, names: dict[str, int]) -> Iterator[Problem]:
        if not isinstance(case, dict):
            yield self._problem(path, "a case is an object with 'name' and 'expect'")
            return
        yield from self._unknown(path, case, _CASE_KEYS)
        name = case.get("name")
        if not (isinstance(name, str) and name.strip()):
            yield self._problem(path, "the case needs a 'name' that says what must hold")
        elif name in names:
            yield self._problem((*path, "name"), f"the name '{name}' is taken by the case at line {names[name]}")
        else:
            names[name] = self.source.lines[(*path, "name")]
        yield from expect_shape.problems(self.source, (*path, "expect"), case.get("expect"))
        yield from self.parts.extends_problems(path, case)
        yield from self._whole_problems(path, case)

    def _whole_problems(self, path: YamlPath, case: dict[str, Any]) -> Iterator[Problem]:
        """Check the case as it is after everything that it extends has been merged in."""
        whole = self._whole(case)
        if not isinstance(whole.get("request"), dict):
            yield self._problem(
                (*path, "request"), "the case has no 'request' object, neither its own nor an extended one"
            )
        data = whole.get("data")
        if data is not None and not isinstance(data, dict):
            yield self._problem((*path, "data"), "'data' must be an object")
        elif data is not None:
            yield from self._unknown((*path, "data"), data, _DATA_KEYS)
        if whole.get("now") is None:
            yield self._problem((*path, "now"), "no 'now': give the suite or the case a frozen time")
            return
        try:
            frozen_time.seconds(whole["now"])
        except ValueError as error:
            yield self._problem((*path, "now"), str(error))

    def _whole(self, case: dict[str, Any]) -> dict[str, Any]:
        """Merge in order: the suite's time, the extended parts, the case itself."""
        return self.parts.merged({"now": self.source.value.get("now")}, case)

    def cases(self) -> Iterator[Case]:
        for index, case in enumerate(self.source.value["cases"]):
            whole = self._whole(case)
            line = self.source.lines[("cases", index)]
            now = frozen_time.seconds(whole["now"])
            yield Case(case["name"], line, now, whole["request"], whole.get("data"), case["expect"])

    def _unknown(self, path: YamlPath, value: dict[str, Any], known: tuple[str, ...]) -> Iterator[Problem]:
        for key in value:
            if key not in known:
                yield self._problem((*path, key), f"'{key}' is unknown here; known: {', '.join(known)}")

    def _problem(self, path: YamlPath, message: str) -> Problem:
        return self.source.problem(path, message)
