"""Shows the story: a table per chapter to a person, plain lines where there is no terminal, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree
from steps import ALLOW, DENY, Deed, Step, short

from actas.decision import Decision, Limits

WIDEST = 110
_STYLES = {ALLOW: ("✓ allow", "bold green"), DENY: ("✗ deny", "bold red")}
_NONE, _DONE = ("! none", "bold yellow"), ("· done", "bold blue")
_RETRY = {"step-up": "log in anew, strongly", "approval": "ask for an approval"}


class Page:
    """Where the story goes. A chapter's table is printed when the chapter ends."""

    def __init__(self) -> None:
        """Print to standard output, no wider than is pleasant."""
        self.console = Console(highlight=False, emoji=False, markup=False)
        if not self.console.is_terminal or self.console.width > WIDEST:
            self.console = Console(highlight=False, emoji=False, markup=False, width=WIDEST)
        self._rows: list[Step | Deed] = []

    def add(self, step: Step | Deed) -> None:
        """Keep *step* for the table; without a terminal, print its line at once."""
        self._rows.append(step)
        if not self.console.is_terminal:
            self.console.print(_line(step), soft_wrap=True)
            self._printed(step)

    def chapter(self, title: str) -> None:
        """Begin a chapter where there is no table to carry its title."""
        if not self.console.is_terminal:
            self.console.print(Text(f"\n{title}", style="bold"))

    def end_chapter(self, title: str) -> None:
        """Print the chapter's table."""
        if self.console.is_terminal:
            self.console.print(_table(title, self._rows))
            for step in self._rows:
                self._printed(step)
            self.console.print()
        self._rows.clear()

    def _printed(self, step: Step | Deed) -> None:
        """Print what a command printed."""
        if isinstance(step, Deed) and step.lines:
            self.console.print(Text(f"   $ {step.what}", style="dim"), soft_wrap=True)
            for line in step.lines:
                self.console.print(Text(f"   {line}", style="dim"), soft_wrap=True)

    def act(self, decision: Decision) -> None:
        """Print the claim that says who acts for whom (RFC 8693, section 4.1)."""
        self.console.print(Text("The act claim of the fourth token, the most recent actor outermost:", style="bold"))
        self.console.print(json.dumps(_ordered(decision.act), indent=2))

    def tree(self, steps: Sequence[Step]) -> None:
        """Print who obtained what from whom, with what was refused beside it."""
        roots: dict[str, Tree] = {}
        known: dict[tuple[str, ...], Tree] = {}
        for step in steps:
            user, *actors = step.chain
            root = roots.setdefault(user, Tree(Text(user, style="bold")))
            parent = known.get((user, *actors[:-1]), root)
            node = parent.add(_leaf(step))
            if step.answer == ALLOW:
                known.setdefault((user, *actors), node)
        self.console.print(Text("\nWho obtained what, and from whom:", style="bold"))
        for root in roots.values():
            self.console.print(root)

    def say(self, sentence: str, style: str = "bold") -> None:
        """Print one sentence."""
        self.console.print(Text(sentence, style=style), soft_wrap=True)


def _ordered(act: Any) -> Any:
    """Put the members of each level in the order in which a person reads them."""
    return (
        {name: _ordered(act[name]) for name in ("iss", "sub", "act") if name in act} if isinstance(act, dict) else act
    )


def progress(sentence: str) -> None:
    """Say on standard error what is being waited for."""
    print(sentence, file=sys.stderr, flush=True)


def _table(title: str, steps: Sequence[Step | Deed]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", expand=True, pad_edge=False)
    table.title, table.title_style, table.title_justify = title, "bold", "left"
    table.add_column("", justify="right", style="dim", width=2)
    table.add_column("who acts for whom, and asks for what", ratio=5)
    table.add_column("answer", no_wrap=True, width=7)
    table.add_column("issued at most, or why not", ratio=4, min_width=27, overflow="fold")
    table.add_column("lifetime", justify="right", no_wrap=True, width=8)
    for step in steps:
        if isinstance(step, Deed):
            did = Text(step.title).append(f"\n{step.what}", style="dim")
            table.add_row(str(step.number), did, Text(_DONE[0], style=_DONE[1]))
        else:
            answer, style = _STYLES.get(step.answer, _NONE)
            table.add_row(str(step.number), _who(step), Text(answer, style=style), _why(step), _lifetime(step))
        for problem in step.problems:
            table.add_row("", Text(f"unexpected: {problem}", style="bold reverse red"))
    return table


def _who(step: Step) -> Text:
    who = Text(step.title).append(f"\n{' → '.join(step.chain)}", style="cyan")
    return who.append(f"\n{_asked(step)}", style="dim")


def _asked(step: Step) -> str:
    lifetime = step.request.requested_lifetime
    return f"{step.request.scope} at {step.target}{f' for {lifetime} s' if lifetime else ''}"


def _line(step: Step | Deed) -> Text:
    if isinstance(step, Deed):
        parts = [f"{step.number:2} {_DONE[0]:7} {step.title}: {step.what}"]
    else:
        answer = _STYLES.get(step.answer, _NONE)[0]
        parts = [f"{step.number:2} {answer:7} {step.title}: {' > '.join(step.chain)} asks {_asked(step)};"]
        parts += [_why(step).plain.replace("\n", ", "), _lifetime(step)]
    parts += [f"UNEXPECTED: {problem}" for problem in step.problems]
    return Text(" ".join(filter(None, parts)))


def _why(step: Step) -> Text:
    decision = step.decision
    if decision is None:
        return Text(f"{step.error}", style="yellow")
    if decision.limits is None:
        why = Text(step.code, style="red").append(f"\n{decision.denials[0].reason}", style="dim")
        for offered in decision.obligations:
            why.append(f"\nto retry: {_RETRY.get(offered.type, offered.type)}", style="yellow")
        return why
    issued = Text(_issued(decision.limits), style="green")
    for held in decision.withheld_scope:
        issued.append(f"\nwithout {held.scope}: {held.code}", style="yellow")
    return issued


def _issued(limits: Limits) -> str:
    details = [f"{entry['type']} {entry['amount']} {entry['currency']}" for entry in limits.authorization_details]
    return "\n".join([" ".join(limits.scope), *details])


def _lifetime(step: Step) -> str:
    limits = step.decision.limits if step.decision is not None else None
    return f"{limits.max_lifetime_seconds} s" if limits is not None else ""


def _leaf(step: Step) -> Text:
    limits = step.decision.limits if step.decision is not None else None
    actor = Text(f"{step.request.client.client_id} ", style="bold cyan").append("at ", style="dim")
    actor.append(f"{short(step.request.resource[0])}  ")
    if limits is not None:
        return actor.append(f"{' '.join(limits.scope)}, {limits.max_lifetime_seconds} s", style="green")
    return actor.append(f"refused: {step.code or step.answer}", style="red")


def as_json(steps: Sequence[Step | Deed], revision: str) -> str:
    """Give the whole story as one JSON document."""
    document: dict[str, Any] = {
        "policy_revision": revision,
        "steps": [step.to_document() for step in steps],
        "as_expected": not any(step.problems for step in steps),
    }
    return json.dumps(document, indent=2)
