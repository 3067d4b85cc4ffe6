"""Runs `actas` in this process, for tests of what it says before it does anything."""

from __future__ import annotations

import structlog
from click.testing import Result
from typer.testing import CliRunner

from actas.cli.main import app


def run(*arguments: str, **environment: str) -> Result:
    """Run `actas` with *arguments*; the logs of whatever this process runs later are written as before."""
    try:
        return CliRunner().invoke(app, arguments, env=environment)
    finally:
        # The command line has them written to the runner's standard error, which is closed by now.
        structlog.reset_defaults()
