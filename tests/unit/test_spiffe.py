"""SPIFFE IDs are parsed as strictly as the standard's own vectors demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actas.spiffe import SpiffeId

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "spiffe_ids.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if vector["valid"]], ids=lambda v: v["why"])
def test_a_valid_id_is_parsed(vector: dict[str, Any]) -> None:
    """A well-formed ID is kept as given, and a path makes it a workload."""
    spiffe_id = SpiffeId(vector["spiffe_id"])

    assert str(spiffe_id) == vector["spiffe_id"] == f"spiffe://{spiffe_id.trust_domain}{spiffe_id.path}"
    assert spiffe_id.is_workload is vector["workload"]


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if not vector["valid"]], ids=lambda v: v["why"])
def test_an_invalid_id_cannot_be_built(vector: dict[str, Any]) -> None:
    """A malformed ID raises where it is built, and the message does not repeat it."""
    with pytest.raises(ValueError, match="not a SPIFFE ID") as caught:
        SpiffeId(vector["spiffe_id"])

    assert vector["spiffe_id"] not in str(caught.value)


@pytest.mark.parametrize("value", [None, 7, b"spiffe://td/x", ["spiffe://td/x"]])
def test_a_value_that_is_no_string_is_no_id(value: Any) -> None:
    """A claim of another type is refused like malformed text."""
    with pytest.raises(ValueError, match="not a SPIFFE ID"):
        SpiffeId(value)


def test_an_id_longer_than_2048_bytes_is_refused() -> None:
    """2048 bytes are supported and not one more (SPIFFE-ID, section 2.3)."""
    longest = "spiffe://td/" + "p" * (2048 - len("spiffe://td/"))

    assert SpiffeId(longest).is_workload
    with pytest.raises(ValueError, match="not a SPIFFE ID"):
        SpiffeId(longest + "p")


def test_a_trailing_newline_is_not_overlooked() -> None:
    """The whole text must match, up to its last character."""
    with pytest.raises(ValueError, match="not a SPIFFE ID"):
        SpiffeId("spiffe://td/x\n")


def test_prefixes_end_on_segment_borders() -> None:
    """Prefixes are whole segments, so that /agent/mail never covers /agent/mailer."""
    assert SpiffeId("spiffe://example.org/agent/mail/v2").prefixes() == ("/agent", "/agent/mail", "/agent/mail/v2")
    assert SpiffeId("spiffe://example.org").prefixes() == ()


def test_the_issuer_is_the_trust_domain() -> None:
    """A workload's issuer is the ID of its trust domain."""
    assert SpiffeId("spiffe://example.org/agent").issuer == "spiffe://example.org"
