"""`actas receipts verify`: whether every receipt is there, as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actas.cli import options
from actas.cli.exits import Exit, bad_input, sentences
from actas.cli.progress import Progress
from actas.cli.receipts import source

if TYPE_CHECKING:
    from actas.evidence.keys import TrustedIssuer

EXAMPLE = (
    "Example: actas receipts verify --receipts sqlite:////var/lib/actas/receipts.db "
    "--against /mnt/sink/checkpoints.jws --key receipts.jwks.json"
)
app = typer.Typer()
_TRIES = 3


@app.command(epilog=EXAMPLE)
@sentences
def verify(
    *,
    receipts: options.Receipts,
    against: Annotated[
        Path | None, typer.Option(metavar="SINK", help="Where the checkpoints are: a file or a directory.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="JWKS", help="The public keys of those who sign the checkpoints.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Find what was changed, removed, reordered, cut off, deleted, restored from a copy or recomputed.

    Exit status: 0 all is as it was written, 1 something is not, 2 bad input, 3 the store cannot be read.
    """
    # SQLAlchemy is slow to load, and --help needs none of it.
    from actas.receipts.against import Reading, Said  # noqa: PLC0415
    from actas.receipts.findings import Report  # noqa: PLC0415
    from actas.receipts.statements import Sink  # noqa: PLC0415
    from actas.receipts.verify import verify as look  # noqa: PLC0415

    if (against is None) != (key is None):
        raise bad_input("--against and --key come together: the key says which statements of the sink count")
    issuer = None if key is None else _issuer(key)
    with Progress("opening the store") as progress, source.opened(receipts) as database:
        reading = None if against is None or issuer is None else Reading(Sink(against), issuer)
        # What a service says, or prunes, between the look into the sink and that into the store is no finding the
        # second time, when only what was added to the sink is read.
        for _ in range(_TRIES):
            report = Report()
            said = Said.nothing() if reading is None else reading.go_on(report, progress.say)
            with database.reading() as connection:
                look(connection, said, report, progress.say)
            if report.intact or reading is None:
                break
    if as_json:
        typer.echo(json.dumps(report.to_document()))
    else:
        _print(report.to_document(), anchored=against is not None)
    if not report.intact:
        raise typer.Exit(Exit.DENY)


def _issuer(key: Path) -> TrustedIssuer:
    from actas.receipts.statements import trusted  # noqa: PLC0415 - as above

    try:
        return trusted(key.read_bytes())
    except OSError as error:
        raise bad_input(f"--key: {key}: {error.strerror}") from None
    except ValueError as error:
        raise bad_input(f"--key: {key}: {error}") from None


def _print(found: dict[str, object], *, anchored: bool) -> None:
    findings = found["findings"]
    for finding in findings if isinstance(findings, list) else []:
        typer.echo(f"{finding['kind']}: {finding['message']}")
    if found["left_out"]:
        typer.echo(f"and {found['left_out']} more")
    if not anchored:
        typer.echo("without --against nobody can tell whether the store was cut off, restored or recomputed")
    elif found["unanchored"]:
        typer.echo(f"{found['unanchored']} entries are newer than the last checkpoint of their chain")
    seen = f"{found['receipts']} entries of {found['writers']} writers, {found['statements']} statements"
    typer.echo(f"{'all is as it was written' if found['intact'] else 'the store is not as it was written'}: {seen}")
