"""`actas receipts`: what was decided, for whom, and what became of it."""

from __future__ import annotations

from typing import ClassVar

import typer

from actas.cli.lazy import LazyGroup


class Commands(LazyGroup):
    """What can be asked of receipts, and done with them."""

    modules: ClassVar = {
        "list": "actas.cli.receipts.listing",
        "tree": "actas.cli.receipts.tree",
        "by-actor": "actas.cli.receipts.listing",
        "by-subject": "actas.cli.receipts.listing",
        "by-target": "actas.cli.receipts.listing",
        "by-task": "actas.cli.receipts.listing",
        "agents": "actas.cli.receipts.agents",
        "export": "actas.cli.receipts.export",
        "verify": "actas.cli.receipts.verify",
        "erase-subject": "actas.cli.receipts.change",
        "prune": "actas.cli.receipts.change",
        "new-key": "actas.cli.receipts.change",
    }


app = typer.Typer(
    name="receipts",
    cls=Commands,
    help="What was decided, and what became of it.",
    epilog="Example: actas receipts tree 01977c3e-8a52-7d11-9a3f-1c2d3e4f5a6b --receipts sqlite:///receipts.db",
    no_args_is_help=True,
)
