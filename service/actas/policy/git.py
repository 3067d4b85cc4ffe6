"""The commit that a policy checkout is at, read from its files: a server needs no git to say what it serves."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
SHORT = 12


def git_directory(root: Path) -> Path | None:
    """Find the git directory of the checkout that *root* lies in; None when it lies in none."""
    for folder in (root, *root.absolute().parents):
        dot_git = folder / ".git"
        if dot_git.is_dir():
            return dot_git
        if dot_git.is_file():  # a worktree or submodule: the file names the directory
            return (folder / dot_git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
    return None


def head_commit(root: Path) -> str:
    """Give the first twelve digits of the commit that is checked out at *root*, or an empty string."""
    try:
        directory = git_directory(root)
        if directory is None:
            return ""
        head = (directory / "HEAD").read_text(encoding="utf-8").strip()
        commit = _resolve(directory, head.removeprefix("ref:").strip()) if head.startswith("ref:") else head
    except (OSError, UnicodeDecodeError):
        return ""
    return commit[:SHORT] if _COMMIT.fullmatch(commit) else ""


def _resolve(directory: Path, reference: str) -> str:
    common = directory
    if (directory / "commondir").is_file():
        common = directory / (directory / "commondir").read_text(encoding="utf-8").strip()
    for place in (directory, common):
        if (place / reference).is_file():
            return (place / reference).read_text(encoding="utf-8").strip()
    packed = common / "packed-refs"
    for line in packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else ():
        commit, _, name = line.partition(" ")
        if name == reference:
            return commit
    return ""
