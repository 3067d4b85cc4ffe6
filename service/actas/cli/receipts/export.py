"""`actas receipts export`: everything that is kept, to a file or a collector, and next time what is new."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from actas.cli.exits import bad_input, sentences
from actas.cli.receipts import source
from actas.cli.receipts.position import Position

EXAMPLE = "Example: actas receipts export --position export.json --receipts sqlite:///receipts.db >> receipts.jsonl"
app = typer.Typer()


class Format(StrEnum):
    """What is written."""

    JSONL = "jsonl"
    OTLP = "otlp"


@app.command(epilog=EXAMPLE)
@sentences
def export(
    *,
    format: Annotated[  # noqa: A002 - it is the option's name
        Format, typer.Option("--format", help="A JSON object per line, or logs to an OpenTelemetry collector.")
    ] = Format.JSONL,
    endpoint: Annotated[
        str, typer.Option(envvar="ACTAS_OTLP_ENDPOINT", metavar="URL", help="With otlp: the collector's base URL.")
    ] = "",
    position: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on from there, and remember there how far it came.")
    ] = None,
    receipts: source.Store = None,
) -> None:
    """Write every receipt, report and other entry, chain by chain, each in its order.

    With --position nothing is missed and, unless the command is killed in between, nothing comes twice.
    Exit status: 0 done, 2 bad input, 3 the store or the collector cannot be reached.
    """
    if (format is Format.OTLP) != bool(endpoint):
        raise bad_input("--endpoint: says where the collector is, and goes with --format otlp")
    with source.opened(receipts) as database:
        from actas.receipts import exporting  # noqa: PLC0415 - SQLAlchemy is slow to load

        reached = Position(position, exporting.store_id(database))
        if format is Format.JSONL:
            for piece in exporting.export(database, dict(reached.after)):
                for entry in piece.entries:
                    sys.stdout.write(json.dumps(entry) + "\n")
                sys.stdout.flush()
                reached.reached(piece.writer, piece.seq)
            return
        from actas.cli.receipts.otlp import Collector  # noqa: PLC0415 - an optional extra

        collector = Collector(endpoint)
        try:
            for piece in exporting.export(database, dict(reached.after)):
                collector.send(piece.entries)
                reached.reached(piece.writer, piece.seq)
        finally:
            collector.close()
