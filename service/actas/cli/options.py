"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from actas.cli.exits import bad_input
from actas.engine import EngineKind
from actas.policy import frozen_time

Policies = Annotated[
    list[Path] | None,
    typer.Option("--policies", metavar="DIR", exists=True, help="A policy repository or bundle to add; repeatable."),
]
Audience = Annotated[
    str,
    typer.Option(envvar="ACTAS_AUDIENCE", metavar="NAME", help="Who signed approvals are for: the service's audience."),
]
Engine = Annotated[
    EngineKind,
    typer.Option("--engine", envvar="ACTAS_ENGINE", help="What evaluates, as in actas serve."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Receipts = Annotated[
    str,
    typer.Option(
        "--receipts",
        envvar="ACTAS_RECEIPTS",
        metavar="URL",
        help="The store: sqlite:///PATH or postgresql://…, whose password PGPASSWORD or a passfile has.",
    ),
]
Now = Annotated[
    str | None,
    typer.Option("--now", metavar="TIME", help="Decide as if it were this time (RFC 3339).", show_default="the clock"),
]


def moment(now: str | None) -> int | None:
    """Read `--now` as seconds since the epoch; None is the clock. A time that is none ends the command."""
    if now is None:
        return None
    try:
        return frozen_time.seconds(now)
    except ValueError as error:
        raise bad_input(f"--now: {error}") from None


def console(*, stderr: bool = False) -> Console:
    """Make a console that writes plain text of full width where its output is no terminal."""
    made = Console(stderr=stderr, highlight=False, emoji=False, markup=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, emoji=False, markup=False, width=120)
