"""Scope values follow the grammar of RFC 6749, section 3.3."""

from __future__ import annotations

import pytest

from actas import scope


@pytest.mark.parametrize("text", ["a", "mail.read mail.send", "!#[]~", "urn:x:y/z?w=1", "*", "A a"])
def test_tokens_joined_by_single_spaces_are_well_formed(text: str) -> None:
    """Every character of the grammar may occur in a token."""
    assert scope.is_well_formed(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\n", "a\u00a0b", 'a"b', "a\\b", "m\u0430il.read", "a\x00", "a\x7f"],
)
def test_anything_else_is_not_well_formed(text: str) -> None:
    """Foreign blanks, quotes, control characters and homoglyphs are refused, not repaired."""
    assert not scope.is_well_formed(text)


def test_duplicates_collapse_and_case_matters() -> None:
    """The tokens come in order, each once, compared byte by byte."""
    assert scope.split("b a b A") == ("b", "a", "A")


def test_empty_text_has_no_scopes() -> None:
    """An empty parameter is an omitted one."""
    assert scope.split("") == ()


def test_malformed_text_is_split_at_spaces_only() -> None:
    """A tab stays in its token, which therefore equals no registered scope."""
    assert scope.split(" a\tb  c ") == ("a\tb", "c")


def test_join_undoes_split() -> None:
    """Joined tokens are split into the same tokens."""
    assert scope.split(scope.join(("a", "b"))) == ("a", "b")
