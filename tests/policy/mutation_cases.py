"""All end-to-end cases as one question to OPA, and whether other answers make one of them fail.

What a case asks and what its answer comes to is not rebuilt here: the cases run through the very path of
`actas test`, once with an engine that notes what it is asked, and then with engines that repeat an answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actas.engine import PolicyResult
from actas.engine.result import parse_result
from actas.policy import fixtures, runner
from actas.policy.bundle import CompiledPolicy
from actas.policy.fixtures import Case, Suite
from actas.policy.report import Outcome
from actas.policy.workbench import Workbench

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors" / "exchange.jsonl"
SUITES = (ROOT / "policies" / "cases", ROOT / "tests" / "cases")

# An object keyed by case: one that has no answer is missing, and moves no other.
QUERY = """{id: answer |
	some id, item in input.cases
	question := object.union(
		{"request": item.request},
		{"data": tree | tree := input.trees[item.tree]},
	)
	answers := [answer | answer := data.actas.testing.decision] with input as question
	answer := answers[0]
}"""


@dataclass
class _Engine:
    """Repeats *answer*, and notes what it is asked."""

    revision: str
    answer: Any = None
    asked: tuple[Mapping[str, Any], Mapping[str, Any] | None] = field(default=({}, None))

    async def evaluate_with(
        self,
        policy_input: Mapping[str, Any],
        data: Mapping[str, Any] | None,
        *,
        timeout: float,  # noqa: ARG002
    ) -> PolicyResult:
        """Answer as the mutated policy did; no answer is an `EngineError`, as it is with OPA."""
        self.asked = (policy_input, data)
        return parse_result(self.answer)


class Cases:
    """The cases, and the document that OPA answers them from."""

    def __init__(self, compiled: CompiledPolicy, suites: Sequence[Suite]) -> None:
        self._compiled = compiled
        self._cases = {f"{suite.file}: {case.name}": case for suite in suites for case in suite.cases}
        self.unasked: list[str] = []
        trees: dict[str, str] = {}
        asked: dict[str, Any] = {}
        for name, case in self._cases.items():
            engine = _Engine(compiled.revision)
            self._passes(case, engine)
            request, data = engine.asked
            if not request:
                self.unasked.append(name)
                continue
            # Most cases share their data; a document with a copy for each would take longer to read than to decide.
            tree = trees.setdefault(json.dumps(data), f"tree {len(trees)}")
            asked[name] = {"request": request, "tree": tree}
        documents = {name: json.loads(text) for text, name in trees.items() if text != "null"}
        self.document = json.dumps({"cases": asked, "trees": documents})

    def __len__(self) -> int:
        return len(self._cases)

    def failing(self, answers: Mapping[str, Any], among: Iterable[str] | None = None) -> Iterator[str]:
        """Name the cases (all, or those *among* them) that fail with *answers*."""
        for name in self._cases if among is None else among:
            if not self._passes(self._cases[name], _Engine(self._compiled.revision, answers.get(name))):
                yield name

    def changed(self, answers: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
        """Name the cases whose answer is not the one in *known*."""
        return [name for name in self._cases if answers.get(name) != known.get(name)]

    def _passes(self, case: Case, engine: _Engine) -> bool:
        stand_in: Any = engine
        workbench = Workbench(self._compiled, stand_in, Path())
        suite = Suite("", "", guard=False, cases=(case,))
        (result,) = asyncio.run(runner.run([suite], workbench))
        return result.cases[0].outcome is Outcome.PASSED


def load(folders: Sequence[Path] = SUITES, vectors: Path = VECTORS) -> list[Suite]:
    """Give the suites below *folders* and the *vectors* as one more."""
    suites = fixtures.load_all([folder for folder in folders if folder.is_dir()], relative_to=ROOT)
    lines = vectors.read_text(encoding="utf-8").splitlines()
    cases = [_case(number, json.loads(line)) for number, line in enumerate(lines, 1)]
    return [*suites, Suite("vectors", str(vectors.relative_to(ROOT)), guard=False, cases=tuple(cases))]


def _case(line: int, vector: Mapping[str, Any]) -> Case:
    name = f"{vector['id']} {vector['name']}"
    return Case(name, line, vector["now"], vector["request"], vector["data"], vector["expect"])
