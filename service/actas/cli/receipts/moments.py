"""Times on the command line: RFC 3339, seconds since 1970, or how long ago."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from actas.cli.exits import bad_input
from actas.policy import frozen_time

Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Decided then or later: RFC 3339 or how long ago: 24h.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Decided before then: the same.")]
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(given: str | None, option: str) -> float | None:
    """Read the time of *option*, which may be left out, as `instant` does."""
    return None if given is None else instant(given, option)


def instant(given: str, option: str) -> float:
    """Read the time of *option* as seconds since the epoch; one that is none ends the command."""
    if (ago := _AGO.fullmatch(given)) is not None:
        return time.time() - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return frozen_time.seconds(given)
    except ValueError as error:
        raise bad_input(f"{option}: {error}, or how long ago, as 30m, 24h or 7d") from None
