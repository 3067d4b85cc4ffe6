"""The fenced blocks of a Markdown file, and whether an output is the one that a block shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the line on which it begins."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the output that the block shows for it."""

    command: str
    shown: list[str]
    line: int


def blocks(file: Path) -> list[Block]:
    """Give the blocks of *file* in their order."""
    text = file.read_text(encoding="utf-8")
    return [Block(found[1], found[2], text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


def commands(block: Block) -> list[Command]:
    """Split a console block into its commands."""
    found: list[Command] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ "), [], number))
        else:
            found[-1].shown.append(line)
    return found


def differs(shown: list[str], output: str) -> str:
    """Say which shown line is not in *output* where it should be; empty when all are.

    `…` stands for any text in a line, and on a line of its own for any lines.
    """
    lines = output.splitlines()
    at = 0
    skip = not shown
    for wanted in shown:
        if wanted == "…":
            skip = True
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.split("…"))) + r"\s*")
        while skip and at < len(lines) and not pattern.fullmatch(lines[at]):
            at += 1
        if at >= len(lines) or not pattern.fullmatch(lines[at]):
            return f"{wanted!r} is shown, and there is {lines[at] if at < len(lines) else 'nothing more'!r}"
        at, skip = at + 1, False
    return "" if skip or at == len(lines) else f"{lines[at]!r} is not shown"
