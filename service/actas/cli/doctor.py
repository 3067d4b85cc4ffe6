"""`actas doctor keycloak`: does this realm ask Actas, and does nothing undo it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from actas.cli import asking, options, service_options
from actas.cli.exchange_lines import ExchangeLine
from actas.cli.exits import Exit, bad_input, complain, sentences
from actas.cli.progress import Progress
from actas.cli.render_doctor import show_findings
from actas.doctor import keycloak as keycloak_checks
from actas.doctor import keycloak_facts, keycloak_questions, keycloak_registry
from actas.doctor.finding import Finding, Level
from actas.doctor.keycloak_api import Keycloak, Login
from actas.doctor.keycloak_facts import Facts
from actas.errors import ActivationError
from actas.policy import sources
from actas.policy.model import Registry

if TYPE_CHECKING:
    from actas.client import Target

EXAMPLE = "Example: actas doctor keycloak --url https://sso.example.com --realm agents --user admin --policies policies"
PASSWORD, CLIENT_SECRET = "ACTAS_KEYCLOAK_PASSWORD", "ACTAS_KEYCLOAK_CLIENT_SECRET"
app = typer.Typer(
    name="doctor", help="What stands around Actas, and what to change there.", epilog=EXAMPLE, no_args_is_help=True
)


@app.command(epilog=EXAMPLE)
@sentences
def keycloak(
    *,
    url: Annotated[str, typer.Option(metavar="URL", help="Where Keycloak is, such as https://sso.example.com.")],
    realm: Annotated[str, typer.Option(metavar="NAME", help="The realm that exchanges tokens.")],
    user: Annotated[
        str, typer.Option(metavar="NAME", help=f"An administrator; the password is in {PASSWORD} or a file.")
    ] = "",
    password_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The user's password.")] = None,
    client_id: Annotated[
        str, typer.Option(metavar="ID", help=f"A service account; the secret is in {CLIENT_SECRET} or a file.")
    ] = "",
    client_secret_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The client's secret.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="An access token for the admin API, instead.")
    ] = None,
    admin_realm: Annotated[str, typer.Option(metavar="NAME", help="The realm of user or client.")] = "master",
    ca: Annotated[Path | None, typer.Option(metavar="FILE", help="Trust this PEM file for Keycloak.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Send the password over plain http.")] = False,
    policies: options.Policies = None,
    actas: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Ask this service, too; ACTAS_TOKEN is the token.")
    ] = None,
    actas_tls: Annotated[bool, typer.Option("--actas-tls", help="With --actas: use TLS.")] = False,
    actas_ca: Annotated[Path | None, typer.Option(metavar="FILE", help="With --actas: trust this PEM file.")] = None,
    actas_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --actas: your certificate chain, PEM.")
    ] = None,
    actas_key: Annotated[Path | None, typer.Option(metavar="FILE", help="With --actas: its private key, PEM.")] = None,
    as_json: options.Json = False,
) -> None:
    """Check a realm of Keycloak that asks Actas: the provider, its policy, and the settings that undo it.

    Nothing is changed. The account needs view-realm and view-clients.

    Exit status: 0 all holds or warnings only, 1 a failure, 2 bad input, 3 Keycloak or Actas cannot be reached.
    """
    for option, given in {"tls": actas_tls, "ca": actas_ca, "cert": actas_cert, "key": actas_key}.items():
        if given and actas is None:
            raise bad_input(f"--actas-{option} goes with --actas")
    login = _login(user, password_file, client_id, client_secret_file, token_file, admin_realm)
    registry = None if policies is None else _registry(policies)
    target = (
        None
        if actas is None
        else service_options.target(actas, tls=actas_tls, ca=actas_ca, cert=actas_cert, key=actas_key, option="--actas")
    )
    with Progress("asking Keycloak") as progress:
        facts = _read(url, realm, login, ca, insecure=insecure)
        findings = keycloak_checks.check(facts)
        if registry is not None:
            findings += keycloak_registry.check(facts, registry)
        if target is not None:
            progress.say("asking Actas")
            findings += asyncio.run(_ask(facts, target))
    _say(facts, findings, as_json)
    raise typer.Exit(Exit.DENY if any(finding.level is Level.FAIL for finding in findings) else Exit.OK)


def _login(
    user: str,
    password_file: Path | None,
    client_id: str,
    client_secret_file: Path | None,
    token_file: Path | None,
    admin_realm: str,
) -> Login:
    if [bool(user), bool(client_id), token_file is not None].count(True) != 1:
        raise bad_input("give exactly one of --user, --client-id and --token-file")
    if token_file is not None:
        return Login(token=_secret(token_file, "", "--token-file"))
    if user:
        return Login(user=user, secret=_secret(password_file, PASSWORD, "--password-file"), realm=admin_realm)
    secret = _secret(client_secret_file, CLIENT_SECRET, "--client-secret-file")
    return Login(client_id=client_id, secret=secret, realm=admin_realm)


def _secret(file: Path | None, variable: str, option: str) -> str:
    try:
        secret = os.environ.get(variable, "") if file is None else file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise bad_input(f"{option}: {file} cannot be read as text") from None
    if not secret or not secret.isprintable():
        raise bad_input(f"give one line in {option}" + (f", or {variable}" if variable else ""))
    return secret


def _read(url: str, realm: str, login: Login, ca: Path | None, *, insecure: bool) -> Facts:
    try:
        connection = Keycloak(url, ca=ca, insecure=insecure)
    except OSError as error:  # what ssl says of a file that is no certificate is one, too
        raise bad_input(f"--ca: {ca}: {error.strerror or 'is no PEM certificate'}") from None
    with connection:
        connection.log_in(login)
        return keycloak_facts.read(connection, realm)


def _registry(policies: Sequence[Path]) -> Registry:
    try:
        return Registry.model_validate(sources.load(policies).registry.value)
    except ActivationError as error:
        complain(error)
    except ValidationError:
        pass
    raise bad_input("--policies: the registry is not valid; `actas lint` says where")


async def _ask(facts: Facts, target: Target) -> list[Finding]:
    denied: dict[str, list[str]] = {}
    async with asking.of_service(target) as ask:
        for client, request in keycloak_questions.questions(facts).items():
            document = await ask(ExchangeLine(request))
            denied[client] = [denial["code"] for denial in document.get("denials") or []]
    return keycloak_questions.check(facts, denied)


def _say(facts: Facts, findings: list[Finding], as_json: bool) -> None:
    if as_json:
        counted = {level.value: sum(finding.level is level for finding in findings) for level in Level}
        document = {"url": facts.url, "realm": facts.realm, "issuer": facts.issuer, "counts": counted}
        typer.echo(json.dumps(document | {"findings": [finding.to_document() for finding in findings]}, indent=2))
    else:
        console = options.console()
        show_findings(console, findings, keycloak_checks.HEADINGS)
