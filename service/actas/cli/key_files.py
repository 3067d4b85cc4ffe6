"""A new signing key and its public half, each in a file; nothing is ever overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from actas.cli.exits import bad_input

if TYPE_CHECKING:
    from actas.evidence.signing import SigningKey


def write_new(directory: Path, private_name: str, public_name: str, *, warning: str, use: str) -> None:
    """Write a new key into *directory*; say what must not be done with it, and what its public half is for."""
    from actas.evidence.signing import new_key  # noqa: PLC0415 - JOSE is slow to load, and few commands sign

    made = new_key()
    private, public = directory / private_name, directory / public_name
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if public.exists():  # looked at first, so that no key is left without its public half
            raise FileExistsError(17, os.strerror(17), str(public))
        _write(private, made.pem(), 0o600)
        _write(public, made.public_keys().encode(), 0o644)
    except FileExistsError as error:
        raise bad_input(f"{error.filename} is already there, and nothing is overwritten") from None
    except OSError as error:
        raise bad_input(f"{error.filename}: {error.strerror}") from None
    typer.echo(f"  {private} (private: {warning})")
    typer.echo(f"  {public} (public: {use})")


def read(path: Path, kid: str = "") -> SigningKey:
    """Read the private key that `--key` names."""
    from actas.evidence.signing import load_key  # noqa: PLC0415 - as above

    try:
        text = path.read_bytes()
        if path.stat().st_mode & 0o077:
            typer.echo(f"warning: {path}: others on this machine can read the key; chmod 600", err=True)
        return load_key(text, kid)
    except OSError as error:
        raise bad_input(f"--key: {path}: {error.strerror}") from None
    except ValueError as error:
        raise bad_input(f"--key: {path} {error}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
