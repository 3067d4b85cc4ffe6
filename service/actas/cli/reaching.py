"""How a command reaches a running service: address, token, TLS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actas.cli.exits import bad_input

if TYPE_CHECKING:
    from actas.client import Target

Address = Annotated[
    str | None, typer.Option("--target", metavar="HOST:PORT", help="Ask this service; ACTAS_TOKEN is the token.")
]
Tls = Annotated[bool, typer.Option("--tls", help="With --target: use TLS and the system's authorities.")]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="With --target: trust this PEM file.")]


def reach(address: str, tls: bool, ca: Path | None) -> Target:
    """Give the service at *address*, with the token of the environment; what cannot be reached so ends the command."""
    from actas.client import Target  # noqa: PLC0415 - gRPC is slow to load and rarely needed

    try:
        authority = None if ca is None else ca.read_bytes()
        return Target(address, token=os.environ.get("ACTAS_TOKEN", ""), tls=tls, ca=authority)
    except OSError as error:
        raise bad_input(f"--ca: {error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise bad_input(f"--target: {error}") from None
