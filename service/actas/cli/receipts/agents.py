"""`actas receipts agents`: how each version of an agent fares."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from actas.cli import options
from actas.cli.exits import sentences
from actas.cli.receipts import moments, source
from actas.cli.render import line
from actas.cli.service_options import asks_service
from actas.receipts.answers import DEFAULT_SECONDS, AgentVersion

if TYPE_CHECKING:
    from actas.client import Target

EXAMPLE = "Example: actas receipts agents --agent mail-agent --since 7d --receipts sqlite:///receipts.db"
app = typer.Typer()
_CODES = 3


@app.command(epilog=EXAMPLE)
@sentences
@asks_service
def agents(
    *,
    agent: Annotated[str, typer.Option(metavar="ID", help="Only this agent of the registry.")] = "",
    since: moments.Since = None,
    until: moments.Until = None,
    receipts: source.Store = None,
    service: Target | None,
    as_json: options.Json = False,
) -> None:
    """Compare the versions of agents: decisions, denials by code, narrowing, step-ups; of the last 24 hours.

    Times are whole hours: those that have any moment between --since and --until.
    Exit status: 0 done, 2 bad input, 3 no answer.
    """
    begin, end = moments.moment(since, "--since"), moments.moment(until, "--until")
    with source.asked(receipts, service) as answering:
        begin = time.time() - DEFAULT_SECONDS if begin is None else begin
        found = answering.agents(since=begin, until=end, agent=agent)
    if as_json:
        for version in found:
            typer.echo(json.dumps(version.to_document()))
    else:
        _show(options.console(), found)


def _show(console: Console, versions: Sequence[AgentVersion]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("agent", "version"):
        table.add_column(heading, overflow="fold")
    for heading in ("decisions", "denied", "narrowed", "step-ups"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("most frequent codes", overflow="fold")
    for version in versions:
        share = [f"{part} ({part / version.decisions:.1%})" for part in (version.denied, version.narrowed)]
        codes = ", ".join(f"{code} {count}" for code, count in version.codes[:_CODES])
        table.add_row(
            line(version.agent, "bold"),
            line(version.version),
            str(version.decisions),
            *share,
            str(version.step_ups),
            line(codes, "red"),
        )
    console.print(table)
