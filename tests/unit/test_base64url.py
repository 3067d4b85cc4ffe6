"""Base64url as tokens have it: without padding, and each value in one form only."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actas.evidence.jws import decoded


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=100))
def test_what_was_encoded_is_decoded(value: bytes) -> None:
    """Whatever it is."""
    assert decoded(base64.urlsafe_b64encode(value).rstrip(b"=").decode()) == value


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(alphabet="AQgwZz09-_+/=. \n", max_size=12))
def test_nothing_else_is_decoded(text: str) -> None:
    """What is decoded is the very text that its value is encoded as."""
    value = decoded(text)
    assert value is None or base64.urlsafe_b64encode(value).rstrip(b"=").decode() == text


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA=", "AA==", "A+A_", "A/A-", "AA\n", " AA", "ÄA", "AAAA="])
def test_a_text_that_is_not_the_only_form_is_none(text: str) -> None:
    """Set bits that mean nothing, padding, spaces and the other alphabet."""
    assert decoded(text) is None
