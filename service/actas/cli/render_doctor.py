"""Findings for people: what holds, what does not, and below it what to change."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from rich.console import Console

from actas.cli.render import plain, text
from actas.doctor.finding import Finding, Level

_INDENT = " " * 8
_STYLES = {Level.OK: "green", Level.WARN: "bold yellow", Level.FAIL: "bold red"}


def show_findings(console: Console, findings: Sequence[Finding], headings: Mapping[str, str]) -> None:
    """Print *findings* by group, and a sentence of how many are bad."""
    for group, heading in headings.items():
        mine = [finding for finding in findings if finding.group == group]
        if mine:
            console.print(text(heading, "bold"))
        for finding in mine:
            _show(console, finding)
    worst = max((finding.level for finding in findings), key=list(Level).index)
    console.print(text(verdict(findings), _STYLES[worst]))


def _show(console: Console, finding: Finding) -> None:
    message = textwrap.wrap(plain(finding.message), max(console.width - len(_INDENT), 40))
    line = text(f"  {finding.level:<4}  ", _STYLES[finding.level])
    line.append(f"\n{_INDENT}".join(message), style="not bold default" if finding.level is Level.OK else "default")
    console.print(line, soft_wrap=True)
    for way in (finding.remedy.console, finding.remedy.command):
        if way:
            # Not folded, so that a command can be copied.
            console.print(text(f"{_INDENT}→ {way}", "cyan"), soft_wrap=True)


def verdict(findings: Sequence[Finding]) -> str:
    """Say how many findings are bad."""
    failures, warnings = (sum(finding.level is level for finding in findings) for level in (Level.FAIL, Level.WARN))
    if not failures and not warnings:
        return f"All {len(findings)} checks hold."
    return f"{_count(failures, 'failure')}, {_count(warnings, 'warning')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"
