"""The `actas` command: one entry per command, each in its own file."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import structlog
import typer

from actas.cli import approve, decide, doctor, explain, init, lint, opa, policy, receipts, serve, test, workers
from actas.cli.revoking import commands as revoking

app = typer.Typer(
    name="actas",
    help="The decision point for OAuth token exchange: may this exchange happen, why, and what may be issued at most.",
    epilog="Example: actas init policies && actas test --policies policies",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"actas {version('actas')}")
        raise typer.Exit


@app.callback()
def actas(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Decide token exchanges."""
    # Standard output belongs to the answers. `serve` configures its own log.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


app.command(epilog=serve.EXAMPLE)(serve.serve)
app.command(epilog=decide.EXAMPLE)(decide.decide)
app.command(epilog=explain.EXAMPLE)(explain.explain)
app.command(epilog=approve.EXAMPLE)(approve.approve)
app.command(epilog=revoking.EXAMPLE)(revoking.revoke)
app.command(epilog=revoking.EXAMPLE_RESTORE)(revoking.restore)
app.command(name="test", epilog=test.EXAMPLE)(test.run_tests)
app.command(epilog=lint.EXAMPLE)(lint.lint)
app.command(epilog=init.EXAMPLE)(init.init)
app.add_typer(receipts.app, name="receipts", help="What was decided, and what became of it.", epilog=receipts.EXAMPLE)
app.add_typer(policy.app, name="policy", help="Policies of a running service.", epilog=policy.EXAMPLE)
app.add_typer(workers.app, name="workers", help="Worker processes of a running service.", epilog=workers.EXAMPLE)
app.add_typer(
    doctor.app, name="doctor", help="What stands around Actas, and what to change there.", epilog=doctor.EXAMPLE
)
app.add_typer(opa.app, name="opa", help="The OPA binary of the pinned version.", epilog=opa.EXAMPLE)
