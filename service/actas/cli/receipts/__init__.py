"""`actas receipts`: what was decided, for whom, and what became of it."""

from __future__ import annotations

import typer

from actas.cli.receipts import agents, change, export, listing, tree, verify

EXAMPLE = "Example: actas receipts tree 01977c3e-8a52-7d11-9a3f-1c2d3e4f5a6b --receipts sqlite:///receipts.db"
app = typer.Typer(no_args_is_help=True)


@app.callback()
def receipts() -> None:
    """What was decided, for whom, and what became of it."""


app.command(name="list", epilog=listing.EXAMPLE)(listing.list_all)
app.command(epilog=tree.EXAMPLE)(tree.tree)
app.command(name="by-actor", epilog=listing.EXAMPLE_ACTOR)(listing.by_actor)
app.command(name="by-subject", epilog=listing.EXAMPLE_SUBJECT)(listing.by_subject)
app.command(name="by-target", epilog=listing.EXAMPLE_TARGET)(listing.by_target)
app.command(name="by-task", epilog=listing.EXAMPLE_TASK)(listing.by_task)
app.command(epilog=agents.EXAMPLE)(agents.agents)
app.command(epilog=export.EXAMPLE)(export.export)
app.command(epilog=verify.EXAMPLE)(verify.verify)
app.command(epilog=change.ERASE_EXAMPLE)(change.erase_subject)
app.command(epilog=change.PRUNE_EXAMPLE)(change.prune)
app.command(epilog=change.KEY_EXAMPLE)(change.new_key)
