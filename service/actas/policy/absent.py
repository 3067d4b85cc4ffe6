"""The built-ins that a policy may call and the embedded engine does not have, told where they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from actas.errors import Problem
from actas.policy.sources import RegoFile

# Of those in capabilities.json.
ABSENT: Final = ("semver.compare", "semver.is_valid")


def calls(names: Iterable[str], files: Iterable[RegoFile]) -> list[Problem]:
    """Name every line of *files* that calls one of the built-ins *names*."""
    modules = list(files)
    return [problem for name in names for problem in _calls(name, modules)]


def sentence(name: str) -> str:
    """Say that the built-in *name* is not there, and what to do."""
    return f"the embedded engine has no built-in {name}: do without it, or serve with --engine sidecar"


def _calls(name: str, files: Iterable[RegoFile]) -> list[Problem]:
    call = re.compile(rf"(?<![\w.]){re.escape(name)}\(")
    return [
        Problem(sentence(name), file.origin, number)
        for file in files
        for number, line in enumerate(file.lines, start=1)
        if call.search(line.partition("#")[0])
    ]
