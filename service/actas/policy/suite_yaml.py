"""YAML with the line of every member, read as JSON would be.

A date stays the text that was written, a member written twice is an error, and tags are refused:
a suite means the same to every tool that reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from actas.errors import Problem, SuiteError

YamlPath = tuple[str | int, ...]

# Anchors may be used; a file that multiplies itself through them may not.
_MAX_NODES = 200_000
_MAX_DEPTH = 200
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SuiteYaml:
    """One YAML file: its value, and the line (from 1) of every member in it."""

    file: str
    value: Any
    lines: Mapping[YamlPath, int]

    def problem(self, path: YamlPath, message: str) -> Problem:
        """Say *message* about the member at *path*, or its nearest known parent."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Problem(message, self.file, self.lines.get(known, 1))


def read(path: Path, name: str | None = None) -> SuiteYaml:
    """Read the YAML (or JSON) file at *path*; *name* is how messages call it. Raises `SuiteError`."""
    shown = name or str(path)
    try:
        node = YAML(typ="rt", pure=True).compose(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SuiteError([Problem(f"not YAML: {error.problem}", shown, line)]) from None
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError) as error:
        raise SuiteError([Problem(f"cannot be read: {_reason(error)}", shown)]) from None
    builder = _Builder(shown)
    value = builder.build(node, ()) if node is not None else None
    return SuiteYaml(shown, value, builder.lines)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it could not be opened"
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "it is not YAML"


class _Builder:
    """Turns a node tree into plain values and remembers where each stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[YamlPath, int] = {}
        self._nodes = 0

    def build(self, node: Node, path: YamlPath) -> Any:
        self._nodes += 1
        self.lines.setdefault(path, node.start_mark.line + 1)
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            raise self._error(node, "the file is too large or too deeply nested")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        raise self._error(node, "this is nothing that JSON knows")

    def _mapping(self, node: MappingNode, path: YamlPath) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise self._error(key_node, "a member's name must be text")
            key = key_node.value
            if key in members:
                raise self._error(key_node, f"'{key}' is written twice")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            members[key] = self.build(value_node, (*path, key))
        return members

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        if node.style is not None:
            return text
        if str(node.tag).endswith(":binary") or str(node.tag).startswith("!"):
            raise self._error(node, "YAML tags are not used in suites")
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if _INTEGER.fullmatch(text):
            return self._number(node, int)
        if _NUMBER.fullmatch(text):
            return self._number(node, float)
        if _NOT_A_NUMBER.fullmatch(text):
            raise self._error(node, f"{text} is no JSON number; write the token as claims_json")
        return text

    def _number(self, node: ScalarNode, kind: type[int] | type[float]) -> int | float:
        try:
            number = kind(node.value)
        except ValueError:
            raise self._error(node, "the number has too many digits") from None
        if not math.isfinite(number):
            raise self._error(node, "the number is too large")
        return number

    def _error(self, node: Node, message: str) -> SuiteError:
        return SuiteError([Problem(message, self.file, node.start_mark.line + 1)])
