"""Options of commands that ask a running service: where it is, and who asks."""

from __future__ import annotations

import functools
import inspect
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

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
_OPTIONS = {"target": Service, "tls": Tls, "ca": Ca, "cert": Cert, "key": Key, "server_name": ServerName}
_DEFAULTS: dict[str, Any] = {"tls": False, "server_name": ""}


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

    token, prefix = os.environ.get("ACTAS_TOKEN", ""), "--" if option == "--target" else f"{option}-"
    if not (token.isascii() and token.isprintable()):
        raise bad_input("ACTAS_TOKEN: is no token: it holds more than one line, or what is not ASCII")
    if (cert is None) != (key is None):
        raise bad_input(f"{prefix}cert and {prefix}key come together")
    try:
        made = Target(
            address,
            token=token,
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
    _look_at(ca, cert, key, prefix)
    return made


def _look_at(ca: Path | None, cert: Path | None, key: Path | None, prefix: str) -> None:
    """See that the files are what gRPC takes, which says so in its own log and goes on without them."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except ssl.SSLError:
            raise bad_input(f"{prefix}ca: {ca}: is no PEM certificate") from None
    if cert is not None and key is not None:
        try:
            # An encrypted key is none that could be used: nobody is asked for its password.
            context.load_cert_chain(cert, key, password=lambda: "")
        except (ssl.SSLError, ValueError):
            raise bad_input(f"{prefix}cert, {prefix}key: {cert}, {key}: are no PEM certificate with its key") from None


def asks_service(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* all these options in place of its parameter `service`, which is None without `--target`."""

    @functools.wraps(command)
    def asking(*arguments: Any, **given: Any) -> None:
        named = {name: given.pop(name) for name in _OPTIONS}
        address = named.pop("target")
        if address is None:
            for name, value in named.items():
                if value:
                    raise bad_input(f"--{name.replace('_', '-')} goes with --target")
        command(*arguments, **given, service=None if address is None else target(address, **named))

    asking.__annotations__ = {name: kind for name, kind in command.__annotations__.items() if name != "service"}
    # Typer does not evaluate the texts of a signature that is given to it. `Target` is there for type checkers only.
    kinds = get_type_hints(asking, include_extras=True)
    plain = inspect.signature(command)
    parameters: list[inspect.Parameter] = []
    for parameter in plain.parameters.values():
        if parameter.name == "service":
            parameters += (
                inspect.Parameter(name, parameter.kind, default=_DEFAULTS.get(name), annotation=option)
                for name, option in _OPTIONS.items()
            )
        else:
            parameters.append(parameter.replace(annotation=kinds[parameter.name]))
    asking.__signature__ = plain.replace(parameters=parameters)  # type: ignore[attr-defined]  # as inspect reads it
    return asking
