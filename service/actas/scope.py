"""The OAuth `scope` parameter: space-delimited, case-sensitive, without order (RFC 6749, section 3.3)."""

from __future__ import annotations

import re

_SYNTAX = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*")


def is_well_formed(text: str) -> bool:
    """Say whether *text* is one or more scope tokens joined by single spaces.

    The empty string is not a scope: callers treat an empty parameter as omitted before they ask.
    """
    return _SYNTAX.fullmatch(text) is not None


def split(text: str) -> tuple[str, ...]:
    """Return the scope tokens of *text* in order, each once.

    Text that is not well-formed is split at U+0020 all the same: a token with a foreign character
    in it equals no registered scope.
    """
    return tuple(dict.fromkeys(token for token in text.split(" ") if token))


def join(scopes: tuple[str, ...] | list[str]) -> str:
    """Return the `scope` value that lists *scopes* in the given order."""
    return " ".join(scopes)
