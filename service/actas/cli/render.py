"""Decisions and explanations for people: colours where there is a terminal, the same words where not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

JsonObject = Mapping[str, Any]
_COLOURS = {"ALLOW": "green", "DENY": "red"}


def show_decision(console: Console, document: JsonObject, *, title: str = "") -> None:
    """Print the decision *document* (contract.md, section 2) as a panel."""
    effect = str(document["effect"])
    colour = _COLOURS.get(effect, "red")
    rows = [*(_allowed(document) if effect == "ALLOW" else _denied(document)), *_provenance(document)]
    heading = text(f" {effect}" + (" (narrowed)" if document.get("narrowed") else "") + " ", f"bold {colour}")
    if title:
        heading.append(f"{plain(title)} ", style="dim")
    console.print(Panel(_table(rows), title=heading, title_align="left", border_style=colour))


def show_explanation(console: Console, document: JsonObject, *, title: str = "") -> None:
    """Print an explanation: the decision, then each rule that fired, where it stands, and what it saw."""
    show_decision(console, document["decision"], title=title)
    rules = document["rules"]
    if not rules:
        console.print(text("No rule denied: every proof that the loaded rules ask for holds.", "dim"))
    for rule in rules:
        console.print(_rule_panel(rule))


def _rule_panel(rule: JsonObject) -> Panel:
    lines: list[RenderableType] = [text(rule["reason"])] if rule.get("reason") else []
    if rule.get("file"):
        lines.append(text(f"{rule['file']}:{rule['line']}", "cyan"))
    if rule.get("description"):
        lines.append(text(rule["description"], "dim"))
    inputs = [(path, text(_json(value))) for path, value in (rule.get("inputs") or {}).items()]
    inputs += [(path, text("absent", "yellow")) for path in rule.get("absent", ())]
    if inputs:
        lines += [text(""), _table(sorted(inputs, key=lambda row: row[0]))]
    heading = text(f" {rule['code']} ", "bold red")
    heading.append(f"{plain(rule.get('title') or rule['rule'])} ", style="bold")
    return Panel(Group(*lines), title=heading, title_align="left", border_style="red")


def _allowed(document: JsonObject) -> list[tuple[str, RenderableType]]:
    limits = document["limits"]
    rows: list[tuple[str, RenderableType]] = [
        ("scope", text(" ".join(limits.get("scope", [])) or "none", "bold")),
        ("audience", text(", ".join(limits.get("audience", [])))),
        ("lifetime", text(f"at most {limits['max_lifetime_seconds']} s")),
        ("token", text(" ".join(filter(None, (limits.get("token_type"), limits.get("issued_token_type")))))),
        ("actor", text(chain(document.get("act")))),
    ]
    if limits.get("authorization_details"):
        rows.append(("authorization_details", text(_json(limits["authorization_details"]))))
    if limits.get("cnf"):
        rows.append(("bound to", text(_json(limits["cnf"]))))
    if document.get("notes"):
        rows.append(("notes", text(", ".join(document["notes"]), "yellow")))
    for held in document.get("withheld_scope", []):
        rows.append(("withheld", text(f"{held['scope']}  {held['code']}", "yellow")))
    return rows


def _denied(document: JsonObject) -> list[tuple[str, RenderableType]]:
    rows: list[tuple[str, RenderableType]] = []
    for denial in document.get("denials", []):
        sentence = text(denial["code"], "bold red")
        sentence.append(f"  {plain(denial['reason'])}").append(f"  ({plain(denial['rule'])})", style="dim")
        rows.append(("denied", sentence))
    rows.append(("OAuth error", text(": ".join(filter(None, map(document.get, ("error", "error_description")))))))
    for offered in document.get("obligations", []):
        rows.append(("to retry", text(f"{offered['type']} {_json(offered.get('properties', {}))}", "yellow")))
    return rows


def _provenance(document: JsonObject) -> list[tuple[str, RenderableType]]:
    policy = document.get("policy", {})
    rows: list[tuple[str, RenderableType]] = [
        ("policy", text(str(policy.get("revision", "")), "dim")),
        ("decision", text(str(document.get("decision_id", "")), "dim")),
    ]
    if document.get("disabled_rules"):
        rows.insert(0, ("switched off", text(", ".join(document["disabled_rules"]), "yellow")))
    return rows


def chain(act: Any) -> str:
    """Write an act claim as a line, most recent actor first (RFC 8693, section 4.1)."""
    levels = []
    while isinstance(act, Mapping):
        levels.append(str(act.get("sub", "?")))
        act = act.get("act")
    return " for ".join(levels) if levels else "none (impersonation)"


def _table(rows: list[tuple[str, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(plain(name), value)
    return table


def text(words: str, style: str = "") -> Text:
    """Make text of *words*; nothing in them is taken for markup or reaches the terminal as a control."""
    return Text(plain(words), style=style)


def line(words: object, style: str = "") -> Text:
    """Make text of *words* that is one line, whatever is in them: what others wrote cannot look like a line of ours."""
    return text(str(words).replace("\n", "\\n"), style)


def plain(words: str) -> str:
    """Escape what would move the cursor or change the reading direction."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in str(words))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
