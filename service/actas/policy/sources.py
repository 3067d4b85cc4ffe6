"""Where a revision comes from: the shipped policies, and the adopters' roots laid over them.

Everything is read once into memory, so that what is checked is what is served even while a checkout
is replacing the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from actas.errors import ActivationError, Problem
from actas.evidence.anchors import TrustAnchors
from actas.policy import located
from actas.policy.adopter_root import AdopterRoot, read_root
from actas.policy.git import head_commit
from actas.policy.key_files import KeyFile
from actas.policy.located import Located, Merged
from actas.policy.shipped import shipped_policies

CUSTOM = "custom/actas"


@dataclass(frozen=True, slots=True)
class RegoFile:
    """One module: *path* below the bundle's root, *origin* as messages name it."""

    path: str
    origin: str
    text: str

    @property
    def custom(self) -> bool:
        """Whether an adopter wrote it."""
        return self.path.startswith(f"{CUSTOM}/")

    @property
    def lines(self) -> list[str]:
        """Its lines as OPA counts them: to Python other characters than the end of a line break one too."""
        return self.text.split("\n")

    @property
    def package(self) -> str:
        """The package that its directory stands for (Rego style guide: package path equals directory)."""
        return "data." + self.path.rpartition("/")[0].replace("/", ".")


@dataclass(frozen=True, slots=True)
class PolicySources:
    """All files of one revision. *testing* are the modules that only a checking instance has."""

    shipped: Path
    roots: tuple[Path, ...]
    rego: tuple[RegoFile, ...]
    testing: tuple[RegoFile, ...]
    shipped_settings: Located
    custom_settings: Merged
    registry: Merged
    keys: tuple[KeyFile, ...]
    commits: tuple[str, ...]

    def folders(self, kind: str, *, custom: bool) -> dict[str, bool]:
        """Name the packages of *kind* (`rules`, `limits`, `obligations`): the folders that hold a module."""
        prefix = f"{CUSTOM if custom else 'actas'}/{kind}/"
        return {file.path[len(prefix) :].partition("/")[0]: True for file in self.rego if file.path.startswith(prefix)}


def load(roots: Sequence[Path], *, shipped: Path | None = None, anchors: TrustAnchors | None = None) -> PolicySources:
    """Read the shipped policies and the adopters' *roots*; raises `ActivationError` listing what is wrong.

    Key files may lie in the roots and in the directories of *anchors*.
    """
    shipped = shipped or shipped_policies()
    adopters = _read_roots(roots, anchors)
    modules = tuple(_shipped_modules(shipped))
    rego = tuple(module for module in modules if not module.path.startswith("actas/testing/"))
    custom = [RegoFile(path, origin, text) for root in adopters for path, origin, text in root.rego]
    taken: dict[str, str] = {}
    problems = [
        Problem(f"the same file is already given by {taken[file.path]}", file.origin)
        for file in custom
        if taken.setdefault(file.path, file.origin) != file.origin
    ]
    if problems:
        raise ActivationError(problems)
    return PolicySources(
        shipped=shipped,
        roots=tuple(roots),
        rego=(*rego, *sorted(custom, key=lambda file: file.path)),
        testing=tuple(module for module in modules if module not in rego),
        shipped_settings=located.read(shipped / "actas" / "settings" / "data.yaml"),
        custom_settings=located.merge((root.settings for root in adopters), join_sections=False),
        registry=located.merge((root.registry for root in adopters), join_sections=True),
        keys=tuple(file for root in adopters for file in root.keys),
        commits=tuple(commit for root in roots if (commit := head_commit(root))),
    )


def _read_roots(roots: Sequence[Path], anchors: TrustAnchors | None) -> list[AdopterRoot]:
    adopters: list[AdopterRoot] = []
    problems: list[Problem] = []
    for root in roots:
        try:
            adopters.append(read_root(root, anchors))
        except ActivationError as error:
            problems += error.problems
    if problems:
        raise ActivationError(problems)
    return adopters


def _shipped_modules(shipped: Path) -> Iterator[RegoFile]:
    for directory, names, files in os.walk(shipped / "actas"):
        names.sort()
        for name in sorted(files):
            if name.endswith(".rego") and not name.endswith("_test.rego"):
                path = Path(directory, name)
                inside = path.relative_to(shipped).as_posix()
                yield RegoFile(inside, f"policies/{inside}", path.read_text(encoding="utf-8"))
