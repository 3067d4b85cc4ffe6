"""Receipts for people: one row each, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from actas import timestamps
from actas.cli.render import line
from actas.cli.render_tree import actor_name, outcome, scopes
from actas.receipts.kept import KeptReceipt


def show_receipts(console: Console, receipts: Sequence[KeptReceipt]) -> None:
    """Print *receipts* as a table."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("time, decision", "", "actor, subject", "target, scope", "code, outcome"):
        table.add_column(heading, overflow="fold", no_wrap=not heading)
    for receipt in receipts:
        document = receipt.document
        allowed = receipt.allowed
        moment = line(timestamps.render(document["evaluated_at"]))
        actor = line(actor_name(document), "bold")
        target = line(", ".join(document.get("target", ())) or "no target")
        became = outcome(receipt) if allowed or receipt.outcome else line(" ".join(document.get("codes", ())), "red")
        table.add_row(
            moment.append("\n").append_text(line(receipt.decision_id, "dim")),
            line("✓", "green") if allowed else line("✗", "red"),
            actor.append("\n").append_text(line(f"for {document.get('subject', {}).get('sub', 'unknown')}", "dim")),
            target.append("\n").append_text(line(scopes(document), "dim")),
            became or line(""),
        )
    console.print(table)
