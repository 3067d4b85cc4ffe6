"""JWTs of callers: one issuer, subject and audience, signed and in time; everything else is nobody's."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk, jws

from actas.config import Caller
from actas.errors import ConfigError
from actas.server.caller_tokens import CallerTokens
from actas.server.metrics import Metrics

KEY = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
OTHER = jwk.ECKey.generate_key("P-256", {"kid": "k1"})
ISSUER, SUBJECT = "https://sso.example", "service-account-sts"


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    """Give a token that says *claims*; a member that is None is left out."""
    now = int(time.time())
    said = {"iss": ISSUER, "sub": SUBJECT, "aud": "actas", "iat": now, "exp": now + 300, **claims}
    head = {"alg": "ES256", "kid": "k1", "typ": "JWT", **(header or {})}
    parts = [{name: value for name, value in part.items() if value is not None} for part in (head, said)]
    registry = jws.JWSRegistry(algorithms=["ES256", "HS256", "none"], strict_check_header=False)
    return jws.serialize_compact(parts[0], json.dumps(parts[1]), key, registry=registry)


def write_keys(file: Path, *keys: Any) -> None:
    """Write the JWK set of an issuer, in one step."""
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))
    beside.replace(file)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin now."""
        self.ahead = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    """The clock of one test."""
    return Clock()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file with the keys of the issuer."""
    write_keys(tmp_path / "jwks.json", KEY)
    return tmp_path / "jwks.json"


@pytest.fixture
def tokens(keys: Path, clock: Clock) -> CallerTokens[str]:
    """What knows the one caller, `sts`."""
    jwt = {"issuer": ISSUER, "subject": SUBJECT, "audience": "actas", "jwks_file": keys}
    caller = Caller.model_validate({"name": "sts", "jwt": jwt, "authorization_servers": ["https://as.example"]})
    return CallerTokens([(caller, "sts")], Metrics(), clock)


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({}, {}),
        ({"aud": ["other", "actas"]}, {}),
        ({"iat": None}, {"typ": None}),
        ({}, {"typ": "at+jwt"}),
        ({"nbf": int(time.time()) - 5}, {}),
    ],
)
def test_the_caller_is_known_by_its_jwt(tokens: CallerTokens[str], claims: Any, header: Any) -> None:
    """As an authorization server issues them for service accounts."""
    assert tokens.find(signed(claims, header)) == "sts"


NOW = int(time.time())


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"iss": "https://other.example"}, {}),
        ({"iss": None}, {}),
        ({"sub": "another"}, {}),
        ({"sub": SUBJECT.upper()}, {}),
        ({"aud": "mail"}, {}),
        ({"aud": "actas-2"}, {}),
        ({"aud": None}, {}),
        ({"aud": {"actas": True}}, {}),
        ({"exp": None}, {}),
        ({"exp": str(NOW + 300)}, {}),
        ({"exp": NOW - 60}, {}),
        ({"exp": NOW + 3 * 86400}, {}),
        ({"nbf": NOW + 86400}, {}),
        ({"iat": NOW + 86400}, {}),
        ({"iat": "now"}, {}),
        ({}, {"typ": "actas-approval+jwt"}),
        ({}, {"typ": "dpop+jwt"}),
        ({}, {"kid": "k2"}),
        ({}, {"kid": None}),
        ({}, {"crit": ["b64"], "b64": True}),
    ],
)
def test_whatever_else_a_token_says_is_nobodys(tokens: CallerTokens[str], claims: Any, header: Any) -> None:
    """Another issuer, subject, audience, time, purpose or key."""
    assert tokens.find(signed(claims, header)) is None


def test_a_signature_of_another_key_is_nobodys(tokens: CallerTokens[str]) -> None:
    """Nor is one with a shared secret, a changed one, or none."""
    good = signed({})
    head, body, signature = good.split(".")
    forged = signed({}, {"alg": "HS256"}, jwk.OctKey.generate_key(256))
    for text in (signed({}, key=OTHER), forged, f"{head}.{body}.", f"{head}.{body}.{signature[:-4]}AAAA", body, ""):
        assert tokens.find(text) is None
    assert tokens.find(good) == "sts"


def test_a_token_that_ends_is_nobodys_although_it_was_known(tokens: CallerTokens[str], clock: Clock) -> None:
    """What was verified once is not believed longer than it says."""
    token = signed({})
    assert tokens.find(token) == "sts"
    clock.ahead = 400
    assert tokens.find(token) is None


def test_a_key_that_is_withdrawn_ends_its_tokens(tokens: CallerTokens[str], keys: Path) -> None:
    """From the next call on; a file that makes no sense changes nothing."""
    token = signed({})
    assert tokens.find(token) == "sts"
    keys.write_text("{")
    assert tokens.find(token) == "sts"
    write_keys(keys, OTHER)
    assert tokens.find(token) is None
    assert tokens.find(signed({}, key=OTHER)) == "sts"


def test_keys_that_cannot_be_read_are_a_mistake_of_the_configuration(keys: Path) -> None:
    """Before anything listens."""
    keys.write_text('{"keys": []}')
    jwt = {"issuer": ISSUER, "subject": SUBJECT, "audience": "actas", "jwks_file": keys}
    caller = Caller.model_validate({"name": "sts", "jwt": jwt, "authorization_servers": ["https://as.example"]})
    with pytest.raises(ConfigError, match="'sts'"):
        CallerTokens([(caller, "sts")], Metrics())
