"""`actas decide`: decide exchange documents, or one exchange per line."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actas.cli import asking, exchange_file, exchange_lines, options
from actas.cli.exchange_lines import ExchangeLine
from actas.cli.exits import Exit, bad_input, sentences
from actas.cli.progress import Progress
from actas.cli.render import show_decision
from actas.cli.service_options import asks_service
from actas.engine import DEFAULT_ENGINE

if TYPE_CHECKING:
    from actas.client import Target

EXAMPLE = "Example: actas decide exchange.yaml --policies policies --now 2027-01-15T08:00:00Z"
app = typer.Typer()


@app.command(epilog=EXAMPLE)
@sentences
@asks_service
def decide(
    files: Annotated[list[str], typer.Argument(metavar="FILE|-", help="Exchange documents, JSON or YAML; - is stdin.")],
    *,
    policies: options.Policies = None,
    now: options.Now = None,
    engine: options.Engine = DEFAULT_ENGINE,
    as_json: options.Json = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A {request, now?, data?} and an answer per line.")] = False,
    service: Target | None,
) -> None:
    """Decide token exchanges.

    Exit status: 0 allow, 1 deny, 2 bad input, 3 no decision could be made; the worst one wins.
    """
    at = options.moment(now)
    if service is not None and (policies or at is not None):
        raise bad_input("--target asks a running service, which has its own policies and its own clock")
    lines: Iterator[Callable[[], ExchangeLine]]
    if jsonl:
        lines = (functools.partial(_line, line, at) for line in _lines(files))
    else:
        lines = (functools.partial(exchange_file.read, name, at) for name in files)
    say = _say_compact if jsonl else _say_document(files, as_json)
    source = asking.of_policies(policies or [], engine) if service is None else asking.of_service(service)
    raise typer.Exit(asyncio.run(_decide(source, lines, say)))


async def _decide(
    source: AbstractAsyncContextManager[asking.Ask],
    lines: Iterator[Callable[[], ExchangeLine]],
    say: Callable[[asking.Document], None],
) -> Exit:
    with Progress("starting the policy engine") as progress:
        async with source as ask:
            progress.stop()
            return await asking.answer_in_order(ask, lines, say)


def _line(line: bytes, at: int | None) -> ExchangeLine:
    parsed = exchange_lines.parse(line)
    return parsed if parsed.now is not None else ExchangeLine(parsed.request, at, parsed.data)


def _lines(files: list[str]) -> Iterator[bytes]:
    """Open every file before the first line is read, so that a missing one is said at once."""
    try:
        # Standard input is opened anew: the reading thread may still hold it when the process ends.
        sources = [open(0 if name == "-" else name, "rb", closefd=name != "-") for name in files]  # noqa: SIM115
    except OSError as error:
        raise bad_input(f"{error.filename}: {error.strerror}") from None
    return itertools.chain.from_iterable(sources)


def _say_compact(document: Any) -> None:
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _say_document(files: list[str], as_json: bool) -> Callable[[Any], None]:
    names = iter(files)
    console = options.console()

    def say(document: Any) -> None:
        name = next(names)
        if as_json and len(files) > 1:
            _say_compact(document)
        elif as_json:
            typer.echo(json.dumps(document, indent=2))
        elif "policy" not in document:
            error = document["error"]
            where = " ".join(filter(None, (f"{name}:", f"{error['field']}:" if error["field"] else "")))
            typer.echo(f"error: {where} {error['message']}", err=True)
        else:
            show_decision(console, document, title=name if len(files) > 1 else "")

    return say
