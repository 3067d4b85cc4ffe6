"""Shows the story: a few lines per step as it is taken, the delegation tree at the end, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree
from steps import ALLOW, DENY, DONE, Held, Step

WIDEST = 120
_STYLES = {ALLOW: ("✓ allow", "bold green"), DENY: ("✗ deny", "bold red"), DONE: ("· done", "bold blue")}
_NONE = ("! none", "bold yellow")
_INDENT = " " * 12


class Page:
    """Where the story goes: with colours on a terminal, without them elsewhere."""

    def __init__(self) -> None:
        """Print to standard output, no wider than is pleasant."""
        self.console = Console(highlight=False, emoji=False, markup=False)
        if not self.console.is_terminal or self.console.width > WIDEST:
            self.console = Console(highlight=False, emoji=False, markup=False, width=WIDEST)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.say(f"\n{title}\n{'-' * len(title)}")

    def add(self, step: Step) -> None:
        """Show *step*."""
        answer, style = _STYLES.get(step.answer, _NONE)
        line = Text(f"{step.number:2} ").append(f"{answer:8}", style=style).append(f" {step.title}", style="bold")
        self._print(line)
        who = Text(_INDENT).append(" → ".join(step.chain), style="cyan")
        self._print(who.append(f"{'  asks ' if step.chain else ''}{step.asked}", style="dim"))
        if step.answer == ALLOW and step.holds is not None:
            issued = Text(f"{_INDENT}issued: ").append(step.outcome, style="green")
            self._print(issued.append(f", decision {step.facts['decision_id']}", style="dim"))
        elif step.answer == DENY and step.facts:
            self._print(Text(f"{_INDENT}refused: ").append(step.outcome, style="red"))
        for below in step.lines:
            self._print(Text(f"{_INDENT}{below}", style="dim"))
        for problem in step.problems:
            self._print(Text(f"{_INDENT}UNEXPECTED: {problem}", style="bold reverse red"))

    def tree(self, steps: Sequence[Step]) -> None:
        """Print who obtained what from whom, with what was refused beside it."""
        roots: list[Tree] = []
        known: dict[str, Tree] = {}
        for step in steps:
            if step.answer == DONE and step.holds is not None:
                roots.append(known.setdefault(step.holds.id, Tree(_root(step.holds))))
            elif step.came_from is not None:
                node = known[step.came_from.id].add(_leaf(step))
                if step.holds is not None:
                    known[step.holds.id] = node
        self.say("\nWho obtained what, and from whom:")
        for root in roots:
            self.console.print(root)

    def say(self, sentence: str, style: str = "bold") -> None:
        """Print one sentence."""
        self._print(Text(sentence, style=style))

    def _print(self, line: Text) -> None:
        self.console.print(line, soft_wrap=True)


def progress(sentence: str) -> None:
    """Say on standard error what is being waited for."""
    print(sentence, file=sys.stderr, flush=True)


def _root(held: Held) -> Text:
    return Text(held.label, style="bold").append(f"  {' '.join(held.scope)}, {held.lifetime} s", style="green")


def _leaf(step: Step) -> Text:
    leaf = Text(f"{step.chain[-1]} ", style="bold cyan").append(f"at {step.asked.rpartition(' at ')[2]}  ", style="dim")
    if step.answer == ALLOW:
        leaf.append(step.outcome, style="green")
    else:
        leaf.append(f"refused: {step.outcome}", style="red")
    return leaf.append(_short(str(step.facts.get("decision_id", ""))), style="dim")


def _short(decision_id: str) -> str:
    """The end of a decision's id: the beginning is the time, and the same for all of a story."""
    return f"  …{decision_id[-8:]}" if decision_id else ""


def as_json(steps: Sequence[Step]) -> str:
    """Give the whole story as one JSON document."""
    document: dict[str, Any] = {
        "steps": [step.to_document() for step in steps],
        "as_expected": not any(step.problems for step in steps),
    }
    return json.dumps(document, indent=2)
