"""`actas explain`: which rule fired, where it stands in the Rego, and which input it saw."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from actas.cli import exchange_file, options
from actas.cli.asking import error_document
from actas.cli.exchange_lines import ExchangeLine
from actas.cli.exits import Exit, bad_input, sentences
from actas.cli.progress import Progress
from actas.cli.render import show_explanation
from actas.decision_document import decision_to_document
from actas.engine import DEFAULT_ENGINE, EngineKind
from actas.errors import ProtocolError
from actas.policy.workbench import Workbench

EXAMPLE = "Example: actas explain exchange.yaml --policies policies"
app = typer.Typer()


@app.command(epilog=EXAMPLE)
@sentences
def explain(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An exchange document, JSON or YAML; - is stdin.")],
    policies: options.Policies = None,
    now: options.Now = None,
    engine: options.Engine = DEFAULT_ENGINE,
    as_json: options.Json = False,
) -> None:
    """Decide one exchange and show which rules fired, where they stand, and what they saw.

    Exit status: 0 allow, 1 deny, 2 bad input, 3 no decision could be made.
    """
    at = options.moment(now)
    try:
        document = asyncio.run(_explain(policies or [], engine, exchange_file.read(file, at)))
    except ProtocolError as error:
        if as_json:
            typer.echo(json.dumps(error_document(error), indent=2))
            raise typer.Exit(Exit.BAD_INPUT) from None
        raise bad_input(f"{file}: {error}") from None
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        show_explanation(options.console(), document)
    raise typer.Exit(Exit.OK if document["decision"]["effect"] == "ALLOW" else Exit.DENY)


async def _explain(policies: list[Path], engine: EngineKind, line: ExchangeLine) -> dict[str, Any]:
    with Progress("starting the policy engine"):
        async with Workbench.open(policies, engine=engine) as workbench:
            decision, fired = await workbench.explain(line.request, now=line.now)
    return {"decision": decision_to_document(decision), "rules": [rule.to_document() for rule in fired]}
