"""`actas opa path` and `actas opa fetch`: the OPA binary of the pinned version."""

from __future__ import annotations

import typer

from actas.cli.exits import sentences
from actas.engine.opa_binary import resolve_opa

EXAMPLE = "Example: actas opa fetch && $(actas opa path) version"
app = typer.Typer(name="opa", help="The OPA binary of the pinned version.", epilog=EXAMPLE, no_args_is_help=True)


@app.command(epilog="Example: $(actas opa path) version")
@sentences
def path() -> None:
    """Print the path of the OPA that Actas uses; nothing is fetched."""
    typer.echo(resolve_opa(fetch=False))


@app.command(epilog="Example: actas opa fetch")
@sentences
def fetch() -> None:
    """Make sure that OPA is there: download the release or build it with Go, and print its path."""
    typer.echo(resolve_opa())
