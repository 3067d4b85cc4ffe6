"""`actas receipts`: what was decided, and whether all of it is still as it was written."""

from __future__ import annotations

import typer

from actas.cli import receipts_change, receipts_verify

EXAMPLE = "Example: actas receipts verify --receipts sqlite:////var/lib/actas/receipts.db"
app = typer.Typer(no_args_is_help=True)
app.command(epilog=receipts_verify.EXAMPLE)(receipts_verify.verify)
app.command(epilog=receipts_change.ERASE_EXAMPLE)(receipts_change.erase_subject)
app.command(epilog=receipts_change.PRUNE_EXAMPLE)(receipts_change.prune)
app.command(epilog=receipts_change.KEY_EXAMPLE)(receipts_change.new_key)


@app.callback()
def receipts() -> None:
    """What was decided, and whether all of it is still as it was written."""
