"""`actas receipts tree`: from the user over agents to resources, as it happened."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from actas.cli import options
from actas.cli.exits import bad_input, sentences
from actas.cli.receipts import source
from actas.cli.render_tree import show_tree
from actas.cli.service_options import asks_service
from actas.receipts.answers import MOST_HOPS
from actas.receipts.tree import build, walk

if TYPE_CHECKING:
    from actas.client import Target

EXAMPLE = "Example: actas receipts tree 01977c3e-8a52-7d11-9a3f-1c2d3e4f5a6b --receipts sqlite:///receipts.db"
app = typer.Typer()


@app.command(epilog=EXAMPLE)
@sentences
@asks_service
def tree(
    decision_id: Annotated[str, typer.Argument(metavar="ID", help="Any decision of the tree, or its txn.")],
    *,
    every: Annotated[bool, typer.Option("--all", help="Draw each hop, even where hundreds say the same.")] = False,
    receipts: source.Store = None,
    service: Target | None,
    as_json: options.Json = False,
) -> None:
    """Draw who acted for whom, where, with how much, how long, and what was denied.

    With --json a receipt per line, each before those on its token, with its depth.
    Exit status: 0 done, 2 no such decision, 3 no answer.
    """
    with source.asked(receipts, service) as answering:
        found = answering.tree(decision_id)
    if not found.receipts:
        raise bad_input("there is no receipt of that decision")
    first = build(found.receipts)
    if as_json:
        for hop in walk(first):
            typer.echo(json.dumps({**hop.receipt.to_document(), "depth": hop.depth}))
    else:
        show_tree(options.console(), first, every=every)
    if found.truncated:
        typer.echo(f"the tree has more than the {MOST_HOPS} oldest decisions shown", err=True)
