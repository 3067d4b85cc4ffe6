"""What every command of `actas` has in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from actas.cli.main import app
from command_runs import run


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Give each command that does something, with all that leads to it."""
    below = getattr(command, "commands", {})
    for word, each in below.items():
        yield from leaves(each, f"{name} {word}")
    if not below:
        yield name, command


COMMANDS = dict(leaves(get_command(app), "actas"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_says_what_it_is(name: str) -> None:
    """One without a sentence was not read as it was written: Typer then makes up a name for it, such as `--as-json`."""
    for parameter in COMMANDS[name].params:
        assert parameter.help, f"{name}: {parameter.opts}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("lint polices", "'polices' does not exist"),
        ("decide a --target localhost:1 --ca /dev/null", "--ca: /dev/null: is no PEM certificate"),
        ("decide a --target localhost:1 --cert /dev/null", "--cert and --key come together"),
        ("decide a --target localhost:1 --cert /dev/null --key /dev/null", "are no PEM certificate with its key"),
        ("doctor keycloak --url http://127.0.0.1:1 --realm a --user b --actas-tls", "--actas-tls goes with --actas"),
    ],
)
def test_a_mistaken_call_is_status_2(arguments: str, complaint: str) -> None:
    """What was mistyped or forgotten is named, and nothing is done in its place."""
    ran = run(*arguments.split())

    assert ran.exit_code == 2
    assert complaint in " ".join(ran.stderr.replace("│", " ").split())


@pytest.mark.parametrize("token", ["first\nsecond", "t\xf6ken"])
def test_a_token_that_cannot_be_sent_is_not_shown(token: str) -> None:
    """The library would write it into a log of its own."""
    ran = run("decide", "a", "--target", "localhost:1", ACTAS_TOKEN=token)

    assert ran.exit_code == 2
    assert "ACTAS_TOKEN: is no token" in ran.stderr
    assert token not in ran.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example(name: str) -> None:
    """It names the command itself."""
    epilog = COMMANDS[name].epilog or ""
    assert epilog.startswith("Example: ")
    assert name in epilog
