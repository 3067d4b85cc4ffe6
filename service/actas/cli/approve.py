"""`actas approve`: sign an approval for one exchange, or make the key that does."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from actas import claims_grammar, strict_json
from actas import scope as scope_grammar
from actas.cli import key_files, options
from actas.cli.exits import bad_input, sentences
from actas.errors import ProtocolError
from actas.evidence.approvals import DEFAULT_AUDIENCE, MAX_DETAILS_BYTES, MAX_DETAILS_DEPTH, MAX_LIFETIME_SECONDS

EXAMPLE = (
    "Example: actas approve --new-key keys && actas approve --key keys/approvals.key.pem "
    "--issuer https://approvals.example.com --approver bob --subject alice --actor mail-agent --client-id agent-mail "
    "--target https://mail.example.com/ --scope mail.delete"
)
app = typer.Typer()
PRIVATE, PUBLIC = "approvals.key.pem", "approvals.jwks.json"
_WARNING, _USE = "keep it out of the policy repository", "the jwks_file of the issuer in the registry"
_NEEDED = ("key", "issuer", "approver", "subject", "actor", "client_id", "target", "scope")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}


@app.command(epilog=EXAMPLE)
@sentences
def approve(
    *,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The private key, PEM or JWK.")] = None,
    issuer: Annotated[
        str | None, typer.Option(metavar="URI", help="The issuer that the registry gives the role approval.")
    ] = None,
    approver: Annotated[str | None, typer.Option(metavar="NAME", help="Who approves.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="SUB", help="The user, as the sub of the token.")] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who would act: agent id, SPIFFE ID or client id.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(metavar="ID", help="The client that asks.")] = None,
    target: Annotated[str | None, typer.Option(metavar="URI", help="The target that the token is for.")] = None,
    scope: Annotated[str | None, typer.Option(metavar="SCOPE", help="The scopes, separated by spaces.")] = None,
    authorization_details: Annotated[
        str | None, typer.Option(metavar="JSON", help="For exactly these details (RFC 9396).")
    ] = None,
    lifetime: Annotated[str, typer.Option("--for", metavar="5m", help="How long it lasts: 90s, 5m, 1h.")] = "5m",
    audience: options.Audience = DEFAULT_AUDIENCE,
    kid: Annotated[
        str | None, typer.Option(metavar="ID", help="The key's name in the jwks_file.", show_default="its thumbprint")
    ] = None,
    new_key_in: Annotated[
        Path | None,
        typer.Option("--new-key", metavar="DIR", help=f"Write a new {PRIVATE} and its public {PUBLIC}, and end."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the approval with its claims, as JSON.")] = False,
) -> None:
    """Sign an approval for one exchange and print it; it is used once.

    Only the signed approval is printed, so that it can be passed on: --form approval=$(actas approve ...).
    Exit status: 0 done, 2 bad input.
    """
    if new_key_in is not None:
        key_files.write_new(new_key_in, PRIVATE, PUBLIC, warning=_WARNING, use=_USE)
        return
    given = {
        "key": key, "issuer": issuer, "approver": approver, "subject": subject, "actor": actor,
        "client_id": client_id, "target": target, "scope": scope,
    }  # fmt: skip
    if missing := [f"--{name.replace('_', '-')}" for name in _NEEDED if not given[name]]:
        raise bad_input(f"{', '.join(missing)} must be given (a key is made with --new-key DIR)")
    if not scope_grammar.is_well_formed(str(scope)):
        raise bad_input("--scope must be scopes with single blanks between them (RFC 6749, section 3.3)")
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "jti": f"apr-{secrets.token_urlsafe(16)}",
        "iat": now,
        "exp": now + _seconds(lifetime),
        **{name: given[name] for name in _NEEDED[2:]},
    }
    if authorization_details is not None:
        claims["authorization_details"] = _details(authorization_details)
    signed = key_files.read(Path(str(key)), kid or "").sign_approval(claims)
    typer.echo(json.dumps({"approval": signed, "claims": claims}, indent=2) if as_json else signed)


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= MAX_LIFETIME_SECONDS:
        raise bad_input("--for must be a number of seconds, minutes or hours, such as 90s, 5m or 1h, and at most 24h")
    return seconds


def _details(text: str) -> Any:
    try:
        details = strict_json.parse(text, "", max_bytes=MAX_DETAILS_BYTES, max_depth=MAX_DETAILS_DEPTH)
    except ProtocolError as error:
        raise bad_input(f"--authorization-details: {error.message}") from None
    # What no service would take is not signed, nor is what two readers could read differently.
    if not claims_grammar.are_details(details):
        raise bad_input("--authorization-details must be a JSON array of objects with a type, each member once")
    return details.value
