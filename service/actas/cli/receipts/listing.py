"""`actas receipts list` and `by-…`: receipts newest first, a page at a time."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actas.cli import options
from actas.cli.exits import sentences
from actas.cli.receipts import moments, source
from actas.cli.receipts.source import Source
from actas.cli.render_receipts import show_receipts
from actas.cli.service_options import asks_service
from actas.receipts.filters import MAX_PAGE, ReceiptFilter
from actas.receipts.kept import KeptReceipt

if TYPE_CHECKING:
    from actas.client import Target

_STORE = "--receipts sqlite:///receipts.db"
EXAMPLE = f"Example: actas receipts list --since 24h --effect DENY {_STORE}"
EXAMPLE_ACTOR = f"Example: actas receipts by-actor mail-agent --since 2027-01-15T00:00:00Z {_STORE}"
EXAMPLE_SUBJECT = f"Example: actas receipts by-subject alice --issuer https://idp.example.com --json {_STORE}"
EXAMPLE_TARGET = f"Example: actas receipts by-target https://mail.example.com/ --effect ALLOW {_STORE}"
EXAMPLE_TASK = f"Example: actas receipts by-task order-4711 {_STORE}"
app = typer.Typer()

Effect = Annotated[str, typer.Option(metavar="ALLOW|DENY", help="Only these.")]
Code = Annotated[str, typer.Option(metavar="CODE", help="Only denials with this primary code.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="The most receipts to print.")]
Token = Annotated[str, typer.Option("--page-token", metavar="TOKEN", help="Go on where an earlier page ended.")]
Unreported = Annotated[bool, typer.Option("--unreported", help="Only allows of which nobody said what was issued.")]


def _show(
    wanted: dict[str, Any],
    *,
    since: moments.Since = None,
    until: moments.Until = None,
    effect: Effect = "",
    code: Code = "",
    unreported: Unreported = False,
    limit: Limit = 50,
    page_token: Token = "",
    receipts: source.Store = None,
    service: Target | None,
    as_json: options.Json = False,
) -> None:
    """Print what is *wanted* of the store or the service; its other parameters are options of every command."""
    first, end = moments.moment(since, "--since"), moments.moment(until, "--until")
    asked = ReceiptFilter(**wanted, effect=effect, code=code, unreported=unreported, since=first, until=end)
    with source.asked(receipts, service) as answering:
        found, token = _pages(answering, asked, limit, page_token)
    if as_json:
        for receipt in found:
            typer.echo(json.dumps(receipt.to_document()))
    else:
        show_receipts(options.console(), found)
    if token:
        # Standard output belongs to the receipts.
        typer.echo(f"there may be more: --page-token {token}", err=True)


def _pages(answering: Source, asked: ReceiptFilter, limit: int, token: str) -> tuple[list[KeptReceipt], str]:
    """Ask for pages until there are as many as wanted, or no more."""
    found: list[KeptReceipt] = []
    while True:
        page = answering.page(asked, size=min(MAX_PAGE, limit - len(found)), token=token)
        found += page.receipts
        token = page.next_token
        if not token or len(found) == limit:
            return found, token


_, *_OPTIONS = inspect.signature(_show).parameters.values()


def lists(question: Callable[..., dict[str, str]]) -> Callable[..., None]:
    """Make a command of a *question*, which says what is wanted: it has the options of all of them besides."""

    @functools.wraps(question)
    def command(*arguments: Any, **given: Any) -> None:
        common = {option.name: given.pop(option.name) for option in _OPTIONS}
        _show(question(*arguments, **given), **common)

    own = inspect.signature(question)
    merged = own.replace(parameters=[*own.parameters.values(), *_OPTIONS])
    command.__signature__ = merged  # type: ignore[attr-defined]  # as inspect reads it
    command.__annotations__ = question.__annotations__ | {option.name: option.annotation for option in _OPTIONS}
    command.__annotations__["return"] = None
    return sentences(asks_service(command))


@app.command(name="list", epilog=EXAMPLE)
@lists
def list_all() -> dict[str, str]:
    """List receipts, newest first. Exit status: 0 done, 2 bad input, 3 no answer."""
    return {}


@app.command(name="by-subject", epilog=EXAMPLE_SUBJECT)
@lists
def by_subject(
    sub: Annotated[str, typer.Argument(metavar="SUB", help="The user, as the sub of the subject token.")],
    *,
    issuer: Annotated[str, typer.Option(metavar="URI", help="Only the user of this issuer.")] = "",
) -> dict[str, str]:
    """List what was asked for in a user's name. Exit status: 0 done, 2 bad input, 3 no answer."""
    return {"subject": sub, "subject_issuer": issuer}


def by(member: str, argument: Any, sentence: str) -> Callable[..., None]:
    """Make the command that lists receipts by one *member* of the filter, which is its *argument*."""

    def question(value: str) -> dict[str, str]:
        return {member: value}

    question.__doc__ = f"{sentence} Exit status: 0 done, 2 bad input, 3 no answer."
    question.__annotations__["value"] = Annotated[str, argument]
    return lists(question)


by_actor = by(
    "actor",
    typer.Argument(metavar="NAME", help="Agent id, sub or SPIFFE ID of the current actor."),
    "List what an actor asked for.",
)
by_target = by(
    "target",
    typer.Argument(metavar="TARGET", help="A resource or audience, as it was requested."),
    "List what was asked for at a target.",
)
by_task = by(
    "task_id",
    typer.Argument(metavar="TASK", help="The task_id of the request's context."),
    "List what was asked for within a task.",
)
app.command(name="by-actor", epilog=EXAMPLE_ACTOR)(by_actor)
app.command(name="by-target", epilog=EXAMPLE_TARGET)(by_target)
app.command(name="by-task", epilog=EXAMPLE_TASK)(by_task)
