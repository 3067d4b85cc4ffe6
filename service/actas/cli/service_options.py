"""Options of commands that ask a running service: where it is, and who asks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actas.cli.exits import bad_input

if TYPE_CHECKING:
    from actas.client import Target

Service = Annotated[
    str | None, typer.Option("--target", metavar="HOST:PORT", help="Ask this service; ACTAS_TOKEN is the token.")
]
Tls = Annotated[bool, typer.Option("--tls", help="With --target: use TLS and the system's authorities.")]
Ca = Annotated[
    Path | None, typer.Option("--ca", "--ca-file", metavar="FILE", help="With --target: trust this PEM file.")
]
Cert = Annotated[
    Path | None, typer.Option("--cert", metavar="FILE", help="With --target: your certificate chain, PEM.")
]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="With --target: its private key, PEM.")]
ServerName = Annotated[
    str, typer.Option("--server-name", metavar="NAME", help="With --target: the name that its certificate must have.")
]


def target(
    address: str,
    *,
    tls: bool = False,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    server_name: str = "",
    option: str = "--target",
) -> Target:
    """Say how to reach the service at *address*, which *option* named; what is wrong with it ends the command."""
    from actas.client import Target  # noqa: PLC0415 - gRPC is slow to load and rarely needed

    try:
        made = Target(
            address,
            token=os.environ.get("ACTAS_TOKEN", ""),
            tls=tls,
            ca_file=ca,
            cert_file=cert,
            key_file=key,
            server_name=server_name,
        )
        made.files()
    except OSError as error:
        raise bad_input(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise bad_input(f"{option}: {error}") from None
    return made
