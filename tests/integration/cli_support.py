"""Runs `actas` as a shell does, and gives what it printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors" / "exchange.jsonl"
SECONDS = 120
# What is said of work that takes more than two seconds, which depends on the machine.
_PROGRESS = re.compile(r"^.+ \(\d+ s\)\n", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What one run of `actas` came to."""

    status: int
    output: str
    complaint: str

    @property
    def documents(self) -> list[Any]:
        """The JSON of every line of output."""
        return [json.loads(line) for line in self.output.splitlines()]

    @property
    def document(self) -> Any:
        """The one JSON document that was printed."""
        return json.loads(self.output)


def actas(
    *arguments: str | Path, stdin: str | bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Ran:
    """Run `actas` with *arguments* and *stdin*."""
    done = subprocess.run(
        [sys.executable, "-m", "actas", *map(str, arguments)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=cwd,
        env=environment() | dict(env or {}),
        timeout=SECONDS,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return Ran(done.returncode, done.stdout.decode(), _PROGRESS.sub("", done.stderr.decode()))


def environment() -> dict[str, str]:
    """Give the environment in which `python -m actas` is the one under test, on a wide terminal."""
    path = os.pathsep.join(filter(None, (str(ROOT / "service"), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}


def vectors() -> list[dict[str, Any]]:
    """Give the 164 cases of the contract."""
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def policy_repository(directory: Path) -> Path:
    """Write the skeleton that `actas init` writes."""
    repository = directory / "policies"
    ran = actas("init", repository)
    assert ran.status == 0, ran.complaint
    return repository
