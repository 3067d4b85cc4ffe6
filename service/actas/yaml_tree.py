"""YAML read as the same tree that `strict_json.parse_tree` gives (YAML 1.2, core schema, section 10.3).

Built from the parser's events rather than with a loader: a loader recurses as deep as the text says,
expands aliases without bound, and turns timestamps into objects that JSON does not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from actas.errors import ProtocolError
from actas.strict_json import RepeatedMembers

# The parser takes about 20 µs a node, so this bounds the time that a hostile document can cost.
MAX_NODES = 20_000

_INTEGER = re.compile(r"[-+]?[0-9]{1,308}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,250}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{
        sign + word: value
        for word in (".inf", ".Inf", ".INF")
        for sign, value in (("", math.inf), ("+", math.inf), ("-", -math.inf))
    },
}


class _Open:
    """A collection whose end has not come yet."""

    def __init__(self, *, mapping: bool) -> None:
        self.mapping = mapping
        self.entries: list[Any] = []

    def close(self) -> Any:
        if not self.mapping:
            return self.entries
        names = self.entries[::2]
        if not all(isinstance(name, str) for name in names):
            raise ProtocolError("", "a member name must be a string")
        pairs = list(zip(names, self.entries[1::2], strict=True))
        members = dict(pairs)
        return members if len(members) == len(pairs) else RepeatedMembers(pairs)


def parse(text: bytes, *, max_depth: int) -> Any:
    """Parse one YAML document of plain values; repeated names and non-finite numbers stay visible.

    Raises ProtocolError when it is not YAML or not UTF-8, is nested deeper than *max_depth*, has more
    than one document, or uses aliases or tags, which no exchange document needs.
    """
    try:
        return _build(YAML(typ="safe", pure=True).parse(text.decode()), max_depth)
    except UnicodeError:
        raise ProtocolError("", "not valid UTF-8") from None
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", at line {mark.line + 1}" if mark is not None else ""
        raise ProtocolError("", f"not YAML{where}") from None


def _build(events: Iterator[Any], max_depth: int) -> Any:
    root = _Open(mapping=False)
    stack = [root]
    documents = 0
    for count, event in enumerate(events):
        if count > MAX_NODES:
            raise ProtocolError("", f"more than {MAX_NODES} YAML nodes", reason="LIMIT_EXCEEDED")
        documents += isinstance(event, DocumentStartEvent)
        if isinstance(event, AliasEvent) or documents > 1:
            raise ProtocolError("", "aliases and further documents are not allowed")
        if isinstance(event, ScalarEvent):
            stack[-1].entries.append(_scalar(event))
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            _refuse_tag(event)
            stack.append(_Open(mapping=isinstance(event, MappingStartEvent)))
            if len(stack) - 1 > max_depth:
                raise ProtocolError("", f"nested deeper than {max_depth} levels", reason="LIMIT_EXCEEDED")
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            closed = stack.pop().close()
            stack[-1].entries.append(closed)
    return root.entries[0] if root.entries else None


def _refuse_tag(event: Any) -> None:
    if event.ctag is not None and str(event.ctag):
        raise ProtocolError("", "tags are not allowed")


def _scalar(event: Any) -> Any:
    _refuse_tag(event)
    text: str = event.value
    plain_style = event.implicit[0]
    if not plain_style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if _FLOAT.fullmatch(text) else text
