"""The `actas` command: one entry per command, each in its own file."""

from __future__ import annotations

import io
import sys
from typing import Annotated, ClassVar

import typer

from actas.cli.lazy import LazyGroup


class Commands(LazyGroup):
    """Every command of `actas`."""

    modules: ClassVar = {
        "serve": "actas.cli.serve",
        "decide": "actas.cli.decide",
        "explain": "actas.cli.explain",
        "approve": "actas.cli.approve",
        "revoke": "actas.cli.revoking.commands",
        "restore": "actas.cli.revoking.commands",
        "test": "actas.cli.test",
        "lint": "actas.cli.lint",
        "init": "actas.cli.init",
        "receipts": "actas.cli.receipts",
        "policy": "actas.cli.policy",
        "workers": "actas.cli.workers",
        "doctor": "actas.cli.doctor",
        "opa": "actas.cli.opa",
    }


app = typer.Typer(
    name="actas",
    cls=Commands,
    help="The decision point for OAuth token exchange: may this exchange happen, why, and what may be issued at most.",
    epilog="Example: actas init policies && actas test --policies policies",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - no command needs it

        typer.echo(f"actas {version('actas')}")
        raise typer.Exit


@app.callback()
def actas(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Decide token exchanges."""
    import structlog  # noqa: PLC0415 - slow to load, and neither --version nor a help text needs it

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A mark that the terminal's encoding lacks must not end the command, as none does on standard error.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Standard output belongs to the answers. `serve` configures its own log.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
