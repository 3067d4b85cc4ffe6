"""Writes the rule reference: check, rule, input and cases (`python -m actas.policy.reference [--check]`).

Nothing is written by hand here, so nothing can be out of date: METADATA gives the codes, the syntax trees the
input, the suites the cases. Exit status 1 when a check is made by nobody or a cell is empty.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actas.engine.opa_binary import resolve_opa
from actas.errors import ActivationError, SuiteError
from actas.policy import fixtures
from actas.policy.bundle import compile_policy
from actas.policy.checks import CHECKS, OutputCheck, Outputs, missing_places, read_outputs
from actas.policy.codes import JsonDict, code_table
from actas.policy.metadata import RuleEntry
from actas.policy.shipped import shipped_policies

# Allowed, refused and on the border: fewer end-to-end cases than this don't show what a code is about.
NEEDED_CASES = 3
_TARGET = "RULES.md"
_RUN = "python -m actas.policy.reference"


@dataclass
class Evidence:
    """What shows a code: cases as file → names, lines of the vectors, and Rego tests as file → number."""

    cases: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    vectors: int = 0
    rego: dict[str, int] = field(default_factory=dict)

    @property
    def end_to_end(self) -> int:
        """How many exchanges expect the code."""
        return self.vectors + sum(map(len, self.cases.values()))


class Reference:
    """The reference of the policies in *policies*, a folder of the repository *root*."""

    def __init__(self, policies: Path, entries: Sequence[RuleEntry], outputs: Outputs) -> None:
        self._root = policies.parent
        self._policies = policies
        self._entries = [entry for entry in entries if not entry.custom]
        self._codes: JsonDict = code_table(policies / "codes.json")
        self._outputs = outputs
        self._evidence = self._gather()
        self._claims: dict[str, list[RuleEntry]] = defaultdict(list)
        for entry in self._entries:
            for check in entry.checks:
                self._claims[check].append(entry)

    def problems(self) -> Iterator[str]:
        """Name every check that nobody makes and every empty cell."""
        guaranteed = {output.check for output in self._outputs.outputs}
        later = {name for entry in self._outputs.later for name in entry.names}
        for check in CHECKS:
            if check not in self._claims and check not in guaranteed:
                yield f"{check}: no rule's METADATA and no entry of outputs.yaml says who makes this check"
        for check in sorted((self._claims.keys() | guaranteed) & later):
            yield f"{check}: is made, although outputs.yaml says that it comes later"
        for code in sorted(self._codes.keys() & later & {entry.code for entry in self._entries}):
            yield f"{code}: a rule denies with it, although outputs.yaml says that it comes later"
        for entry in self._entries:
            yield from self._empty_cells(entry)
        for output in self._outputs.outputs:
            yield from missing_places(output, self._root)

    def _empty_cells(self, entry: RuleEntry) -> Iterator[str]:
        where, shown = f"{entry.file}:{entry.line}: {entry.code}", self._evidence[entry.code]
        if not entry.checks:
            yield f"{where}: METADATA custom.checks names no check"
        if not entry.related_resources:
            yield f"{where}: METADATA names no specification"
        if not entry.inputs:
            yield f"{where}: the rule reads no input"
        if not shown.cases:
            yield f"{where}: no case in policies/cases expects it"
        if shown.end_to_end < NEEDED_CASES:
            yield f"{where}: {shown.end_to_end} end-to-end cases expect it, {NEEDED_CASES} are needed"
        if not shown.rego:
            yield f"{where}: no Rego test names it"

    def _gather(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = defaultdict(Evidence)
        for suite in fixtures.load_all([self._policies / "cases"], relative_to=self._policies):
            for case in suite.cases:
                for code in dict.fromkeys(case.expect.get("codes", ())):
                    found[code].cases[suite.file].append(case.name)
        vectors = self._root / "tests" / "vectors" / "exchange.jsonl"
        for line in vectors.read_text(encoding="utf-8").splitlines():
            for code in set(json.loads(line)["expect"].get("codes", ())):
                found[code].vectors += 1
        for path in sorted((self._policies / "actas").rglob("*_test.rego")):
            # A test ends where the next rule starts: in the first column.
            tests = re.findall(r"^test_\w+.*(?:\n(?:[\s}].*)?)*", path.read_text(encoding="utf-8"), re.MULTILINE)
            for code in self._codes:
                if number := sum(f'"{code}"' in test for test in tests):
                    found[code].rego[path.relative_to(self._policies).as_posix()] = number
        return found

    def text(self) -> str:
        """Give the whole page."""
        return "\n".join(
            [
                "# Checks, rules, input and cases",
                "",
                f"Made by `{_RUN}` from METADATA, syntax trees and suites: change those, not this page. The checks are",
                "numbered as in the specification table of this project. A locked code cannot be switched off.",
                "The input is everything that the rule looks at, directly or through what it refers to.",
                "",
                "## Checks of the request",
                "",
                "| Check | Code and rule | Error, group | Specification | Input | Cases |",
                "|---|---|---|---|---|---|",
                *(self._row(check, entry) for check in self._in_order() for entry in self._claims[check]),
                "",
                "## Checks of what is issued",
                "",
                "| Check | What holds | Guaranteed by | Shown by |",
                "|---|---|---|---|",
                *(_output_row(output) for output in self._outputs.outputs),
                "",
                "## Not here yet",
                "",
                *(f"- {', '.join(entry.names)}: {entry.why}" for entry in self._outputs.later),
                "",
            ]
        )

    def _in_order(self) -> list[str]:
        known = {check: position for position, check in enumerate(CHECKS)}
        return sorted(self._claims, key=lambda check: (known.get(check, len(known)), check))

    def _row(self, check: str, entry: RuleEntry) -> str:
        file = entry.file.removeprefix("policies/")
        locked = ", locked" if self._codes[entry.code]["locked"] else ""
        cells = (
            check,
            f"`{entry.code}`<br>[{entry.rule}]({file}): {entry.title}",
            f"`{entry.error}`<br>{entry.group}{locked}",
            "<br>".join(f"[{_short(link)}]({link})" for link in entry.related_resources),
            "<br>".join(f"`{path.removeprefix('input.')}`" for path in entry.inputs),
            _cases(self._evidence[entry.code]),
        )
        return _row(cells)


def _cases(shown: Evidence) -> str:
    parts = []
    for file, names in sorted(shown.cases.items()):
        parts.append(f"{len(names)} in [{Path(file).name}]({file}): {'; '.join(names)}")
    if shown.vectors:
        parts.append(f"{shown.vectors} in the vectors")
    parts += [f"{number} in [{Path(file).name}]({file})" for file, number in sorted(shown.rego.items())]
    return "<br>".join(parts)


def _output_row(output: OutputCheck) -> str:
    places = ("<br>".join(map(_place, places)) for places in (output.guaranteed, output.shown))
    return _row((output.check, output.says, *places))


def _place(place: str) -> str:
    path, _, name = place.partition("#")
    return f"[{path}](../{path}) `{name}`"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _short(link: str) -> str:
    """Give a link as a reader of specifications calls it."""
    name, _, section = link.rstrip("/").rpartition("/")[2].partition("#")
    number = re.fullmatch(r"rfc(\d+)", name)
    title = f"RFC {number[1]}" if number else name.removesuffix(".html")
    return f"{title}, {section.removeprefix('section-')}" if section else title


def build(policies: Path, *, opa: Path) -> Reference:
    """Compile *policies* and gather what the page needs; raises `ActivationError`, `SuiteError`, `ValueError`."""
    outputs = read_outputs(policies / "outputs.yaml")
    with tempfile.TemporaryDirectory(prefix="actas-reference-") as folder:
        compiled = compile_policy([], opa=opa, into=Path(folder), shipped=policies)
    return Reference(policies, compiled.metadata.entries, outputs)


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` say whether it is as it would be written."""
    parser = argparse.ArgumentParser(prog=_RUN, description="Write policies/RULES.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of date")
    check = parser.parse_args(arguments).check
    policies = shipped_policies()
    try:
        reference = build(policies, opa=resolve_opa())
    except (ActivationError, SuiteError, ValueError) as error:
        print(f"reference: {error}", file=sys.stderr)
        return 1
    problems = list(reference.problems())
    target, text = policies / _TARGET, reference.text()
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != text:
        problems.append(f"policies/{_TARGET} is out of date: run `{_RUN}`")
    for problem in problems:
        print(f"reference: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
