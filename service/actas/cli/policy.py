"""`actas policy reload`: activate the policies of a running service again."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from actas import config as configuration
from actas.cli.exits import sentences
from actas.server.pid_file import ask, default_path

EXAMPLE = "Example: actas policy reload"
app = typer.Typer(name="policy", help="Policies of a running service.", epilog=EXAMPLE, no_args_is_help=True)


@app.command(epilog="Example: git -C policies pull && actas policy reload")
@sentences
def reload(
    config: Annotated[Path | None, typer.Option(help="The service's actas.toml.", metavar="FILE")] = None,
    pid_file: Annotated[Path | None, typer.Option(help="The service's pid file.", metavar="FILE")] = None,
) -> None:
    """Ask the running service to activate its policies again; whether it did stands in its log and health."""
    where = pid_file or configuration.load(file=config).pid_file or default_path()
    typer.echo(f"asked process {ask(where, signal.SIGHUP)} to activate its policies again")
