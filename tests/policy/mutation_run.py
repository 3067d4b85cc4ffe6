"""Tries mutants: the Rego tests beside the module, every end-to-end case, and at last all Rego tests."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mutants import Mutant
from mutation_cases import QUERY, Cases

from actas.policy.bundle import CompiledPolicy

# A mutant that makes OPA search for ever is noticed, whatever else it does.
_TIMEOUT_SECONDS = 60
_TESTS_FAILED = 2


class Fate(StrEnum):
    """What became of a mutant."""

    NOT_COMPILED = "does not compile"
    OWN_TESTS = "killed by the Rego tests beside it"
    CASES = "killed by a case"
    ALL_TESTS = "killed by Rego tests elsewhere"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Trial:
    """One mutant and its fate. *hint* names the case that killed it, or one whose answer it changes unnoticed."""

    mutant: Mutant
    fate: Fate
    hint: str = ""


class BrokenBaselineError(Exception):
    """Something fails without any mutant, so that nothing could be said about mutants."""


@dataclass
class Stage:
    """One copy of the policies that a worker may change."""

    opa: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def write(cls, opa: Path, folder: Path, compiled: CompiledPolicy, tests: dict[str, str]) -> Stage:
        """Write the modules, the data and the *tests* (path → text) of one revision."""
        modules = {file.path: file.text for file in (*compiled.sources.rego, *compiled.sources.testing)}
        texts = {"policy/data.json": json.dumps(compiled.data.tree())}
        texts |= {f"policy/{path}": text for path, text in modules.items()}
        texts |= {f"tests/{path}": text for path, text in tests.items()}
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        # Workers are the parallelism; collecting garbage less often saves a tenth.
        return cls(opa, folder, {"HOME": str(folder), "PATH": os.defpath, "GOMAXPROCS": "1", "GOGC": "400"})

    def test(self, folder: str = "") -> int:
        """Run the Rego tests in *folder* (below policies/), or all; gives OPA's exit status, 0 for no tests."""
        options, loaded = [], ["tests"]
        if folder:
            packages = self._packages(folder)
            if not packages:
                return 0
            options = ["--run", rf"^data\.({'|'.join(map(re.escape, packages))})\."]
            loaded = sorted({"tests/actas/lib", f"tests/{folder}"})
            loaded = [path for path in loaded if (self.folder / path).is_dir()]
            if folder.startswith("actas/lib/"):
                loaded = ["tests/actas/lib"]
        return self._run("test", *options, "policy", *loaded).returncode

    def answers(self, document: Path) -> tuple[dict[str, Any] | None, str]:
        """Give the answer of every case, or None and OPA's complaint."""
        done = self._run(
            "eval", "--format=json", "--strict-builtin-errors", "--data=policy", f"--input={document}", QUERY
        )
        if done.returncode != 0:
            return None, done.stdout or done.stderr
        found: dict[str, Any] = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
        return found, ""

    def _packages(self, folder: str) -> list[str]:
        texts = [path.read_text(encoding="utf-8") for path in sorted((self.folder / "tests" / folder).glob("*.rego"))]
        return [found[1] for text in texts if (found := re.search(r"^package (\S+)", text, re.MULTILINE))]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.opa), *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                encoding="utf-8",
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, _TESTS_FAILED, "", "it took too long")


class Trials:
    """Tries mutants on some stages at once."""

    def __init__(self, stages: Sequence[Stage], cases: Cases, document: Path) -> None:
        """Take the *cases* and the *document* they are asked with; raises `BrokenBaselineError`."""
        self._cases = cases
        self._document = document
        self._free: queue.SimpleQueue[Stage] = queue.SimpleQueue()
        for stage in stages:
            self._free.put(stage)
        known, complaint = stages[0].answers(document)
        if known is None:
            raise BrokenBaselineError(f"OPA cannot answer the cases: {complaint.strip()[:500]}")
        if failing := [*cases.unasked, *cases.failing(known)]:
            raise BrokenBaselineError(f"{len(failing)} cases fail without a mutant: {', '.join(failing[:10])}")
        if stages[0].test() != 0:
            raise BrokenBaselineError("Rego tests fail without a mutant: run `opa test`")
        self._known = known

    def run(self, chosen: Iterable[Mutant], on_trial: Callable[[Trial], None]) -> list[Trial]:
        """Try every mutant; *on_trial* is called as each ends, from several threads."""

        def one(mutant: Mutant) -> Trial:
            stage = self._free.get()
            try:
                trial = self._try(mutant, stage)
            finally:
                self._free.put(stage)
            on_trial(trial)
            return trial

        with ThreadPoolExecutor(self._free.qsize()) as pool:
            return list(pool.map(one, chosen))

    def _try(self, mutant: Mutant, stage: Stage) -> Trial:
        target = stage.folder / "policy" / mutant.path
        original = target.read_text(encoding="utf-8")
        target.write_text(mutant.text, encoding="utf-8")
        try:
            return self._fate(mutant, stage)
        finally:
            target.write_text(original, encoding="utf-8")

    def _fate(self, mutant: Mutant, stage: Stage) -> Trial:
        status = stage.test(mutant.path.rpartition("/")[0])
        if status == _TESTS_FAILED:
            return Trial(mutant, Fate.OWN_TESTS)
        if status != 0:
            return Trial(mutant, Fate.NOT_COMPILED)
        answers, complaint = stage.answers(self._document)
        if answers is None:
            # Whatever else OPA stumbles over, it stumbles over in evaluating: no decision, so a case fails.
            compiles = not re.search(r"rego_(parse|compile|type|unsafe_var|recursion)_error", complaint)
            return Trial(mutant, Fate.CASES if compiles else Fate.NOT_COMPILED, complaint.strip()[:200])
        changed = self._cases.changed(answers, self._known)
        if killer := next(self._cases.failing(answers, changed), ""):
            return Trial(mutant, Fate.CASES, killer)
        if stage.test() != 0:
            return Trial(mutant, Fate.ALL_TESTS)
        return Trial(mutant, Fate.SURVIVED, changed[0] if changed else "")
