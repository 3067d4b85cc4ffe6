"""JSON that says what a plain parse would hide: repeated names, NaN, size and depth (RFC 8259).

Claims are kept as the token's text because `json.loads` silently takes the last of two equal names,
which is how one token comes to mean different things to two readers (RFC 7519, section 4).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

from actas.errors import ProtocolError, Status
from actas.request import JsonText

_MAX_DIGITS = 308  # a longer integer has no finite double, and arithmetic on it would raise later
_MAX_INTEGER = 10**_MAX_DIGITS

# An unterminated string still matches to its end: otherwise each escaped quote in it would be tried anew.
_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class _AmbiguousError(Exception):
    """The text is JSON for Python, but a name repeats or a number is not finite."""


class RepeatedMembers(dict[str, Any]):
    """An object in which a member name occurs more than once: look-ups see the last, `items` sees all."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]  # a view cannot hold a name twice
        """Return every member as it stood in the text; the JSON encoder writes these."""
        return self._pairs

    @property
    def repeated(self) -> str:
        """The first name that occurs again."""
        names = [name for name, _ in self._pairs]
        return next(name for position, name in enumerate(names) if name in names[:position])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _AmbiguousError
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _AmbiguousError
    return number


def _bounded(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _AmbiguousError
    return int(digits)


def _not_a_number(_: str) -> NoReturn:
    raise _AmbiguousError


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else RepeatedMembers(pairs)


def _any_integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_int=_bounded, parse_constant=_not_a_number
)
_LENIENT = json.JSONDecoder(object_pairs_hook=_members, parse_int=_any_integer)
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))


def dumps(value: object) -> str:
    """Return *value* as compact JSON, members in the order given, repeated members included."""
    return _ENCODER.encode(value)


def _checked_text(text: str | bytes, field: str, max_bytes: int, max_depth: int) -> str:
    try:
        size = len(text) if isinstance(text, bytes) or text.isascii() else len(text.encode())
        if size > max_bytes:
            raise ProtocolError(
                field, f"larger than {max_bytes} bytes", status=Status.RESOURCE_EXHAUSTED, reason="LIMIT_EXCEEDED"
            )
        checked = text.decode() if isinstance(text, bytes) else text
    except UnicodeError:
        raise ProtocolError(field, "not valid UTF-8") from None
    # The brackets bound the depth from above, and counting them is far cheaper than walking.
    if checked.count("[") + checked.count("{") > max_depth and _depth(checked) > max_depth:
        raise ProtocolError(field, f"nested deeper than {max_depth} levels", reason="LIMIT_EXCEEDED")
    return checked


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in _STRUCTURE.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def parse(text: str | bytes, field: str, *, max_bytes: int, max_depth: int) -> JsonText:
    """Parse *text*; repeated names and numbers that are not finite are marked, not refused.

    In the value of such a text the last of equal names wins and a number without a finite double is null.
    Raises ProtocolError naming *field*: over *max_bytes* (RESOURCE_EXHAUSTED), nested deeper than
    *max_depth*, not JSON, not UTF-8, or with a lone surrogate.
    """
    checked = _checked_text(text, field, max_bytes, max_depth)
    tree, well_formed = _decode(checked, field)
    return JsonText(checked, tree if well_formed else _plain(tree), well_formed)


def parse_tree(text: str | bytes, field: str, *, max_bytes: int, max_depth: int) -> Any:
    """Parse *text* as `parse` does, but keep `RepeatedMembers` and non-finite numbers in the value.

    For documents, in which some members may be ambiguous (claims) and the others may not.
    """
    return _decode(_checked_text(text, field, max_bytes, max_depth), field)[0]


def from_tree(value: object, field: str, *, max_bytes: int, max_depth: int) -> JsonText:
    """Return a parsed *value* as the JsonText that `parse` would make of its compact text.

    Raises ProtocolError naming *field* for the reasons of `parse`, and when a value in it is not of JSON.
    """
    well_formed = _inspect(value, field, max_depth)
    text = _checked_text(dumps(value), field, max_bytes, max_depth)
    return JsonText(text, value if well_formed else _plain(value), well_formed)


def _decode(text: str, field: str) -> tuple[Any, bool]:
    try:
        tree = orjson.loads(text)
        # What reads back as the very same text has lost nothing: no repeated name, no number out of range.
        if orjson.dumps(tree) == text.encode():
            return tree, True
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # said by the slow way, or no mistake there
    return _read(text, field)


def _read(text: str, field: str) -> tuple[Any, bool]:
    well_formed = True
    try:
        try:
            tree = _STRICT.decode(text)
        except _AmbiguousError:
            well_formed, tree = False, _LENIENT.decode(text)
        if _SURROGATE_ESCAPE.search(text) is not None:
            dumps(tree).encode()
    except json.JSONDecodeError as error:
        raise ProtocolError(field, f"not JSON, at character {error.pos}") from None
    except UnicodeError:
        raise ProtocolError(field, "a lone surrogate is not text") from None
    return tree, well_formed


def _inspect(value: object, field: str, max_depth: int) -> bool:
    """Say whether the tree *value* is unambiguous; iterative, because its depth is not known yet."""
    well_formed = True
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        node, depth = pending.pop()
        if node is None or isinstance(node, (str, bool)):
            continue
        if isinstance(node, int) and abs(node) < _MAX_INTEGER:
            continue
        if isinstance(node, float):
            well_formed = well_formed and math.isfinite(node)
        elif depth > max_depth:
            raise ProtocolError(field, f"nested deeper than {max_depth} levels", reason="LIMIT_EXCEEDED")
        elif isinstance(node, dict) and all(isinstance(name, str) for name in node):
            well_formed = well_formed and not isinstance(node, RepeatedMembers)
            pending.extend((child, depth + 1) for _, child in node.items())
        elif isinstance(node, list):
            pending.extend((child, depth + 1) for child in node)
        else:
            raise ProtocolError(field, "not a JSON value")
    return well_formed


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in dict.items(value)}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
