"""What is revoked, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from actas import timestamps
from actas.cli import options
from actas.cli.render import line
from actas.receipts.delegations import HORIZON_SECONDS, LiveDelegation
from actas.revocation.entry import named

if TYPE_CHECKING:
    from actas.revocation.propagation import Carried

Entry = Mapping[str, Any]
_OF_THE_RECORD = ("kind", "version", "recorded_at", "recorded_by")


def done(what: str, version: int, entries: Sequence[Entry], *, as_json: bool, carried: Sequence[Carried] = ()) -> None:
    """Say *what* was done with *entries*, by which version of the state it is in force, and what was *carried* on."""
    if as_json:
        further = {"carried": [asdict(one) for one in carried]} if carried else {}
        typer.echo(json.dumps({"done": what, "version": version, "revocations": list(entries), **further}))
        return
    for entry in entries:
        typer.echo(f"{what} {entry['kind'].replace('_', '-')} {_who(entry)}{_until(entry)}")
    if not entries:
        typer.echo("nothing new: this event was taken in before")
    typer.echo(f"in force in every replica within a second, as version {version} of the state")
    for one in carried:
        done_there = f"done at {one.issuer}" if not one.problem else f"not carried on: {one.issuer} {one.problem}"
        typer.echo(f"{one.what}: {done_there}", err=bool(one.problem))


def table(entries: Sequence[Entry]) -> None:
    """Print what is revoked, a row each."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("kind", "who", "since", "until", "by", "reason"):
        shown.add_column(heading, overflow="fold")
    for entry in entries:
        shown.add_row(
            line(entry["kind"].replace("_", "-")),
            line(_who(entry), "bold"),
            line(timestamps.render(entry["recorded_at"])),
            line(timestamps.render(entry["until"]) if "until" in entry else "restored"),
            line(entry["recorded_by"]),
            line(entry.get("reason", "")),
        )
    options.console().print(shown if entries else "nothing is revoked")


def would_cut(delegations: Sequence[LiveDelegation], truncated: bool, *, as_json: bool) -> None:
    """Print which live delegations would be cut, and until when their tokens stay usable."""
    if as_json:
        usable = max((one.usable_until for one in delegations), default=None)
        document = {"delegations": [asdict(one) for one in delegations], "usable_until": usable, "truncated": truncated}
        typer.echo(json.dumps(document))
        return
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("subject", "actor", "target", "decisions", "tokens usable until"):
        shown.add_column(heading, overflow="fold")
    for one in delegations:
        shown.add_row(
            line(one.subject_sub or "erased"),
            line(one.actor, "bold"),
            line(one.target),
            str(one.decisions),
            line(timestamps.render(one.usable_until)),
        )
    console = options.console()
    console.print(shown if delegations else "no live delegation would be cut")
    if delegations:
        latest = timestamps.render(max(one.usable_until for one in delegations))
        console.print(f"nothing was changed; what is issued already stays usable until {latest} at the latest")
    if truncated:
        console.print("there are more of them than are shown")
    console.print(f"looked at: what was allowed within {HORIZON_SECONDS // 3600} hours")


def _who(entry: Entry) -> str:
    members = {name: value for name, value in named(entry).items() if name not in _OF_THE_RECORD}
    return " ".join(value if isinstance(value, str) else json.dumps(value) for value in members.values())


def _until(entry: Entry) -> str:
    return f" until {timestamps.render(entry['until'])}" if "until" in entry else ""
