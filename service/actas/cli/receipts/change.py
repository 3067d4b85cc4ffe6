"""`actas receipts erase-subject`, `prune` and `new-key`: what may be deleted, and the key that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from actas.cli import key_files, options
from actas.cli.exits import bad_input, sentences
from actas.cli.progress import Progress
from actas.cli.receipts import moments, source

KEY_EXAMPLE = "Example: actas receipts new-key /etc/actas/keys"
ERASE_EXAMPLE = "Example: actas receipts erase-subject alice --receipts sqlite:////var/lib/actas/receipts.db"
PRUNE_EXAMPLE = (
    "Example: actas receipts prune --before 365d --receipts sqlite:////var/lib/actas/receipts.db "
    "--key keys/receipts.key.pem --against /mnt/sink/checkpoints.jws"
)
app = typer.Typer()
PRIVATE, PUBLIC = "receipts.key.pem", "receipts.jwks.json"
_WARNING, _USE = "out of reach of whoever can change the store", "what actas receipts verify --key takes"


@app.command(epilog=KEY_EXAMPLE)
@sentences
def new_key(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help=f"Where {PRIVATE} and {PUBLIC} are written.")],
) -> None:
    """Make the key that signs checkpoints, and the public half that verifies them."""
    key_files.write_new(directory, PRIVATE, PUBLIC, warning=_WARNING, use=_USE)


@app.command(epilog=ERASE_EXAMPLE)
@sentences
def erase_subject(
    sub: Annotated[str, typer.Argument(metavar="SUB", help="Who is to be forgotten: the sub of the tokens.")],
    *,
    receipts: options.Receipts,
    iss: Annotated[
        str | None, typer.Option("--issuer", "--iss", metavar="URI", help="At this issuer only.", show_default="any")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Delete the salt of a subject: nobody can read any more whose receipts they are, and each chain stays whole.

    The erasure is itself an entry. Copies of the store, such as backups, have the salt still.
    Exit status: 0 done, 1 there is no such subject, 2 bad input, 3 the store cannot be reached.
    """
    from actas.receipts import retention  # noqa: PLC0415 - SQLAlchemy is slow to load

    with source.opened(receipts) as database:
        erased = retention.erase_subject(database, "erase-subject", sub, iss)
        if not retention.is_scrubbed(database):
            typer.echo("somebody reads the store: its -wal file has the salt still; run this again later", err=True)
    typer.echo(json.dumps({"erased": erased}) if as_json else f"erased {erased} subjects")
    if not erased:
        raise typer.Exit(1)


@app.command(epilog=PRUNE_EXAMPLE)
@sentences
def prune(
    *,
    receipts: options.Receipts,
    before: Annotated[str, typer.Option(metavar="TIME", help="RFC 3339, or an age such as 365d.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The private key, which signs what is deleted.")],
    against: Annotated[Path, typer.Option(metavar="SINK", help="Where it is said: the sink of the checkpoints.")],
    as_json: options.Json = False,
) -> None:
    """Delete receipts of decisions from before a time; the sink is told first, so that it is no attack.

    Exit status: 0 done, 2 bad input, 3 the store or the sink cannot be reached.
    """
    from actas.receipts import retention  # noqa: PLC0415 - SQLAlchemy is slow to load
    from actas.receipts.statements import Sink  # noqa: PLC0415

    if not against.exists():
        # Said into a new file, it would be unknown where it is looked for.
        raise bad_input(f"--against: {against}: no such file or directory; the checkpoints are in the sink already")
    signing, cutoff = key_files.read(key), moments.instant(before, "--before")
    with Progress("looking for what is old") as progress, source.opened(receipts) as database:
        deleted = retention.prune(database, cutoff, signing, Sink(against), progress.say)
    typer.echo(json.dumps({"deleted": deleted}) if as_json else f"deleted {deleted} receipts")
