"""`actas workers restart`: replace the worker processes of a running service, one at a time."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from actas import config as configuration
from actas.cli.exits import sentences
from actas.server.pid_file import ask, default_path

EXAMPLE = "Example: actas workers restart"
app = typer.Typer(name="workers", help="Worker processes of a running service.", epilog=EXAMPLE, no_args_is_help=True)


@app.command(epilog=EXAMPLE)
@sentences
def restart(
    config: Annotated[Path | None, typer.Option(help="The service's actas.toml.", metavar="FILE")] = None,
    pid_file: Annotated[Path | None, typer.Option(help="The service's pid file.", metavar="FILE")] = None,
) -> None:
    """Ask the running service to replace its workers, each when its successor serves; what became of it is logged."""
    where = pid_file or configuration.load(file=config).pid_file or default_path()
    typer.echo(f"asked process {ask(where, signal.SIGUSR2)} to replace its workers one at a time")
