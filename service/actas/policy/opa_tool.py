"""The OPA command line as activation uses it: check, parse, inspect and build, a process each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actas.errors import ActivationError, Problem

# Compiling the complete policy takes a second; this only ends a process that hangs.
TIMEOUT_SECONDS = 120.0
DECISION = "actas/decision/decision"
# A revision that is being prepared must not slow the decisions of the one that serves.
_BACKGROUND = (_nice, "-n", "10") if (_nice := shutil.which("nice")) else ()


class OpaTool:
    """Runs *opa* over staged modules and tells its errors in the names of the files they came from."""

    def __init__(self, opa: Path, stage: Path, origins: Mapping[str, str]) -> None:
        self._opa = opa.absolute()  # the processes run inside the stage
        self._stage = stage
        self._origins = origins

    def check(self, capabilities: Path) -> None:
        """Compile in strict mode; raises `ActivationError` with file and line of each error."""
        done = self._run("check", "--strict", "--format=json", f"--capabilities={capabilities}", ".")
        if done.returncode != 0:
            raise ActivationError(self._problems(done))

    def parse(self, modules: Mapping[str, str]) -> dict[str, Any]:
        """Give the syntax tree of every module, all in one process. *modules* is path → text; they must be valid."""
        query = "{path: rego.parse_module(path, text) | some path, text in input}"
        done = self._run(
            "eval", "--format=raw", "--strict-builtin-errors", "--stdin-input", query, stdin=json.dumps(modules)
        )
        return self._answer(done)

    def inspect(self) -> list[dict[str, Any]]:
        """Give every METADATA annotation with its place."""
        annotations: list[dict[str, Any]] = self._answer(
            self._run("inspect", "--annotations", "--format=json", ".")
        ).get("annotations", [])
        return annotations

    def build(self, output: Path, capabilities: Path, revision: str) -> None:
        """Write the staged files as one bundle."""
        done = self._run(
            "build", "--bundle", f"--capabilities={capabilities}", f"--revision={revision}", f"--output={output}", "."
        )
        if done.returncode != 0:
            raise ActivationError([Problem(f"opa build failed: {self._translated(done.stderr.strip())}")])

    def build_wasm(self, output: Path, capabilities: Path) -> None:
        """Compile the decision to WebAssembly; the module holds the staged modules and no data."""
        bundle = self._stage / "wasm.tar.gz"
        done = self._run(
            *("build", "--target=wasm", f"--entrypoint={DECISION}", f"--capabilities={capabilities}"),
            *(f"--output={bundle}", "."),
        )
        if done.returncode != 0:
            said = self._translated(done.stderr.strip() or done.stdout.strip())
            raise ActivationError([Problem(f"opa build for the embedded engine failed: {said}")])
        with tarfile.open(bundle, "r:gz") as packed:
            module = packed.extractfile("/policy.wasm")
            output.write_bytes(module.read() if module is not None else b"")
        bundle.unlink()

    def origin(self, staged: str) -> str:
        """Give the name that a staged file has outside."""
        path = staged.removeprefix("./")
        return self._origins.get(path, path)

    def _run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        # Nothing of our environment is OPA's business; HOME keeps it from writing elsewhere.
        environment = {"HOME": str(self._stage), "PATH": os.defpath}
        try:
            return subprocess.run(
                [*_BACKGROUND, self._opa, *arguments],
                cwd=self._stage,
                env=environment,
                input=stdin,
                capture_output=True,
                encoding="utf-8",
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ActivationError([Problem(f"opa {arguments[0]} could not run: {error}")]) from error

    def _answer(self, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
        if done.returncode != 0:
            raise ActivationError(self._problems(done))
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _problems(self, done: subprocess.CompletedProcess[str]) -> list[Problem]:
        for text in (done.stdout, done.stderr):
            try:
                errors = json.loads(text)["errors"]
            except (ValueError, KeyError, TypeError):
                continue
            return [self._problem(error) for error in errors]
        return [Problem(self._translated(done.stderr.strip() or done.stdout.strip() or "opa failed without a word"))]

    def _problem(self, error: dict[str, Any]) -> Problem:
        place = error.get("location") or {}
        message = f"{error.get('code', 'error')}: {self._translated(error['message'])}"
        return Problem(message, self.origin(place.get("file", "")), place.get("row", 0))

    def _translated(self, text: str) -> str:
        for path, origin in self._origins.items():
            text = text.replace(path, origin)
        return text
