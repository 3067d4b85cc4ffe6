"""The file of the authorization servers that revocations are carried on to, and who of them is concerned."""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.errors import ConfigError
from actas.revocation.authorization_server import read
from actas.revocation.propagation import carry
from readme_blocks import blocks

README = Path(__file__).resolve().parents[2] / "README.md"
GOOD = """
[[sts]]
issuer = "https://as.example.com"
client_id = "actas"
client_secret_file = "secret"
"""


def _file(folder: Path, text: str) -> Path:
    (folder / "secret").write_text("s3cret\n", encoding="utf-8")
    file = folder / "sts.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_secret_is_read_from_its_file_beside(tmp_path: Path) -> None:
    """It stands in no argument and no environment."""
    (server,) = read(_file(tmp_path, GOOD + 'revocation_endpoint = "https://as.example.com/revoke"'))

    assert server.secret() == "s3cret"
    assert "s3cret" not in repr(server)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names no authorization server"),
        ("sts = 5", "names no authorization server"),
        ("[[sts]", "sts.toml"),
        (GOOD, "needs a revocation_endpoint"),
        (GOOD + 'keycloak = "https://as.example.com"', "keycloak and realm"),
        (GOOD + 'revocation_endpoint = "http://as.example.com/revoke"', "use https"),
        (GOOD + 'revocation_endpoint = "https://u:p@as.example.com/revoke"', "without a user"),
        (GOOD + 'revocation_endpoint = "https://as.example.com/revoke"\nsecret = "x"', "secret"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    """Before anything is revoked."""
    with pytest.raises(ConfigError, match=problem):
        read(_file(tmp_path, text))


def test_what_no_server_can_be_told_is_said(tmp_path: Path) -> None:
    """Nobody is asked who is not concerned, and no token is shown."""
    servers = read(_file(tmp_path, GOOD + 'revocation_endpoint = "https://as.example.com/revoke"'))
    foreign = "e30.eyJpc3MiOiAiaHR0cHM6Ly9vdGhlci5leGFtcGxlLmNvbSJ9.c2ln"
    entries = [
        {"kind": "subject", "sub": "alice", "iss": "https://other.example.com"},
        {"kind": "agent", "id": "mail"},
    ]

    told = list(carry(entries, [foreign], servers))

    assert [(one.what, one.problem) for one in told] == [
        ("subject alice", "of the configured servers is its issuer"),
        ("agent mail", "can only be told tokens: say --token-file"),
        ("token 1", "of the configured servers is its issuer"),
    ]


def test_the_file_that_the_readme_shows_is_understood(tmp_path: Path) -> None:
    """An adopter copies it."""
    shown = next(block.text for block in blocks(README) if block.language == "toml" and "[[sts]]" in block.text)

    (server,) = read(_file(tmp_path, shown))
    assert (server.realm, server.client_secret_file) == ("agents", tmp_path / "revoker.secret")
