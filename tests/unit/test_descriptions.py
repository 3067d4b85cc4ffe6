"""What the OAuth client reads is fixed, and does not tell which gate failed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from actas import descriptions

CODES = json.loads((Path(__file__).parents[2] / "policies" / "codes.json").read_text(encoding="utf-8"))["codes"]


@pytest.mark.parametrize("entry", CODES, ids=lambda entry: entry["code"])
def test_every_code_has_a_sentence_that_oauth_can_carry(entry: dict[str, str]) -> None:
    """RFC 6749, section 5.2: printable ASCII without quotation mark and backslash."""
    sentence = descriptions.of(entry["code"], entry["error"])

    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+\.", sentence)
    assert entry["code"] not in sentence


def test_a_token_that_fails_tells_nothing_about_the_gate() -> None:
    """All codes of token, binding, kill and delegation that answer invalid_request share one sentence."""
    gates = {"policy", "token", "binding", "kill", "delegation", "lifetime", "ceiling"}
    sentences = {
        descriptions.of(entry["code"], error)
        for entry in CODES
        if entry["group"] in gates and entry["error"] == "invalid_request"
        for error in ("invalid_request", "invalid_grant")
    }

    assert sentences == {descriptions.NEUTRAL}


def test_a_revoked_client_reads_what_an_unregistered_one_reads() -> None:
    """A thief is not told that the client's revocation is what stopped it."""
    error = "unauthorized_client"

    assert descriptions.of("CLIENT_REVOKED", error) == descriptions.of("CLIENT_NOT_ALLOWED", error)


def test_an_adopters_code_has_the_sentence_of_its_error() -> None:
    """A code that the table does not know falls back to its OAuth error, and else to the neutral sentence."""
    assert descriptions.of("TOO_LATE_AT_NIGHT", "invalid_scope") == descriptions.of("SCOPE_FORBIDDEN", "invalid_scope")
    assert descriptions.of("TOO_LATE_AT_NIGHT", "something_new") == descriptions.NEUTRAL
