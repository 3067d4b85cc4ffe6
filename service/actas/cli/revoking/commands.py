"""The commands `actas revoke` and `actas restore`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actas.cli import options
from actas.cli.exits import Exit, bad_input, sentences
from actas.cli.revoking import desk, named, propagation, render
from actas.cli.revoking.desk import Desk
from actas.cli.service_options import asks_service

if TYPE_CHECKING:
    from actas.client import Target

EXAMPLE = (
    "Example: actas revoke agent mail-agent --until 24h --reason 'sends spam' --target 127.0.0.1:50051 && "
    "actas revoke list --target 127.0.0.1:50051"
)
EXAMPLE_RESTORE = "Example: actas restore agent mail-agent --reason 'was repaired' --receipts sqlite:///receipts.db"
app = typer.Typer()
_LONGEST_SET = 256 * 1024

Kind = Annotated[
    str, typer.Argument(metavar=f"{'|'.join(named.KINDS[:-1])}|list", help="Whom to revoke, or list what is revoked.")
]
Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Its names; of a delegation SUBJECT ACTOR.")]
Issuer = Annotated[
    str | None, typer.Option("--issuer", metavar="URI", help="Only as this issuer names it (of a client: its server).")
]


@app.command(epilog=EXAMPLE)
@sentences
@asks_service
def revoke(
    kind: Kind = "",
    ids: Ids = None,
    *,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends: RFC 3339, or 30m, 24h, 7d from now.")
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record.")] = "",
    issuer: Issuer = None,
    logins_until: Annotated[
        str | None,
        typer.Option(
            "--logins-until", metavar="TIME|now", help="Of a subject or session: tokens of later logins are accepted."
        ),
    ] = None,
    security_event: Annotated[
        str | None, typer.Option("--set", metavar="FILE|-", help="Hand on this signed security event (RFC 8417).")
    ] = None,
    propagate: Annotated[
        bool, typer.Option("--propagate", help="Tell the authorization servers of --sts too, as far as they can.")
    ] = False,
    sts: Annotated[
        Path, typer.Option(envvar="ACTAS_STS", metavar="FILE", help="With --propagate: [[sts]] tables, TOML.")
    ] = Path("sts.toml"),
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE|-", help="With --propagate: tokens to revoke there, one a line."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cut, and change nothing.")] = False,
    receipts: desk.Store = None,
    service: Target | None,
    as_json: options.Json = False,
) -> None:
    """Revoke agents, actors, subjects, clients, delegations, tokens or chains: at once, in every replica.

    Exit status: 0 done, 2 bad input, 3 it is not known to be done, here or where it was to be carried on to.
    """
    if kind == "list" or security_event is not None:
        said = (ids, dry_run, propagate, until, reason, issuer, logins_until, token_file)
        if any(said) or kind not in ("", "list") or (kind and security_event is not None):
            raise bad_input("list and --set stand alone")
        with desk.asked(receipts, service) as at:
            _list(at, as_json) if security_event is None else _receive(at, security_event, as_json)
        return
    entries = named.entries(kind, ids or [], issuer=issuer)
    if kind == "claims":
        raise bad_input("changed claims are told by their issuer: --set")
    about: dict[str, Any] = {"reason": reason} if reason else {}
    if (end := named.end(until)) is not None:
        about["until"] = end
    if logins_until is not None:
        if kind not in ("subject", "session"):
            raise bad_input("--logins-until is for a subject or a session")
        about["event_timestamp"] = named.login(logins_until)
    entries = named.effective([entry | about for entry in entries])
    if token_file is not None and not propagate:
        raise bad_input("--token-file goes with --propagate: Actas itself revokes no token that it is shown")
    further = propagation.prepared(sts, token_file) if propagate else None
    with desk.asked(receipts, service) as at:
        if dry_run:
            found, truncated = at.would_cut(entries)
            render.would_cut(found, truncated, as_json=as_json)
        else:
            version = at.revoke(entries)
            # Only now: what is not carried on is refused here all the same.
            carried = [] if further is None else further(entries)
            render.done("revoked", version, entries, as_json=as_json, carried=carried)
            if any(one.problem for one in carried):
                raise typer.Exit(Exit.NO_DECISION)


@app.command(epilog=EXAMPLE_RESTORE)
@sentences
@asks_service
def restore(
    kind: Annotated[str, typer.Argument(metavar="|".join(named.KINDS), help="What was revoked.")],
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Its names; of a delegation SUBJECT ACTOR.")],
    *,
    issuer: Issuer = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record.")] = "",
    receipts: desk.Store = None,
    service: Target | None,
    as_json: options.Json = False,
) -> None:
    """Take revocations back, whatever else they say; the record keeps both.

    Exit status: 0 done, 2 bad input or nothing of the kind is revoked, 3 it is not known to be done.
    """
    wanted = named.entries(kind, ids, issuer=issuer)
    with desk.asked(receipts, service) as at:
        version, found = at.restore(wanted, reason=reason)
        render.done("restored", version, found, as_json=as_json)


def _list(at: Desk, as_json: bool) -> None:
    entries = list(at.in_force())
    if as_json:
        for entry in entries:
            typer.echo(json.dumps(entry))
    else:
        render.table(entries)


def _receive(at: Desk, source: str, as_json: bool) -> None:
    try:
        text = sys.stdin.read(_LONGEST_SET) if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"--set: {source}: {getattr(error, 'strerror', None) or 'is no text'}") from None
    version, entries = at.receive(text.strip())
    render.done("revoked" if entries else "known", version, entries, as_json=as_json)
