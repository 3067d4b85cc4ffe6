"""Rego values in text: as OPA's module dumps them for a built-in, and as OPA shows them to a person."""

from __future__ import annotations

import json
import json.decoder
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_BLANK = re.compile(r"\s*")
_WORDS = {"null": None, "true": True, "false": False}
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"} | {
    "\\": r"\\",
    '"': r"\"",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is written, because a float would change it."""

    text: str

    @property
    def whole(self) -> bool:
        """Whether it is written without a fraction and without an exponent."""
        return self.text.lstrip("-").isdecimal()


@dataclass(frozen=True, slots=True)
class Set:
    """A set; its members have no order."""

    members: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Object:
    """An object, whose names may be any values."""

    members: tuple[tuple[Any, Any], ...]


def parse(text: str) -> Any:
    """Read what `opa_value_dump` wrote: text, bool, None, `Number`, list, `Set` or `Object`; raises ValueError."""
    value, end = _value(text, 0)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def shown(value: Any) -> str:
    """Write *value* as OPA writes terms: sorted, with a blank after each comma and colon."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Object):
        ordered = sorted(value.members, key=lambda member: order(member[0]))
        return f"{{{', '.join(f'{shown(name)}: {shown(member)}' for name, member in ordered)}}}"
    if isinstance(value, Set):
        return f"{{{', '.join(map(shown, sorted(value.members, key=order)))}}}" if value.members else "set()"
    return json.dumps(value)


def quoted(text: str) -> str:
    """Write *text* as Go quotes it."""
    return f'"{"".join(map(_escaped, text))}"'


def order(value: Any) -> tuple[Any, ...]:
    """Give a key that sorts values as OPA does, by kind, then by value, and finds equal ones in a dictionary."""
    if value is None or isinstance(value, bool):
        return (0, 0) if value is None else (1, value)
    if isinstance(value, Number):
        return (2, Decimal(value.text))
    if isinstance(value, str):
        return (3, value.encode())
    if isinstance(value, list):
        return (4, tuple(map(order, value)))
    if isinstance(value, Object):
        return (5, tuple(sorted((order(name), order(member)) for name, member in value.members)))
    return (6, tuple(sorted(map(order, value.members))))


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _value(text: str, at: int) -> tuple[Any, int]:
    first = text[at : at + 1]
    if first == '"':
        string: tuple[str, int] = json.decoder.scanstring(text, at + 1, True)  # type: ignore[attr-defined]  # untyped
        return string
    if first == "[":
        members, end = _members(text, at + 1, "]")
        return [value for value, _ in members], end
    if first == "{":
        return _braced(text, at + 1)
    if text.startswith("set()", at):
        return Set(()), at + 5
    if number := _NUMBER.match(text, at):
        return Number(number[0]), number.end()
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    raise ValueError("no value")


def _braced(text: str, at: int) -> tuple[Any, int]:
    members, end = _members(text, at, "}")
    if members and members[0][1] is _NOTHING:
        return Set(tuple(value for value, _ in members)), end
    return Object(tuple(members)), end


_NOTHING = object()


def _members(text: str, at: int, close: str) -> tuple[list[tuple[Any, Any]], int]:
    found: list[tuple[Any, Any]] = []
    at = _skip(text, at)
    while not text.startswith(close, at):
        if found:
            if not text.startswith(",", at):
                raise ValueError("no comma")
            at = _skip(text, at + 1)
        value, at = _value(text, at)
        at, member = _skip(text, at), _NOTHING
        if text.startswith(":", at):
            member, at = _value(text, _skip(text, at + 1))
            at = _skip(text, at)
        found.append((value, member))
    return found, at + 1


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at
