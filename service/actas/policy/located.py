"""Data files whose values remember the line they stand on, so that an error can say where."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from actas.errors import ActivationError, Problem

JsonDict = dict[str, Any]
ValuePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Located:
    """One data file's object, found below *inside* when the file holds more than that object."""

    file: str
    value: JsonDict
    text: str = field(repr=False, default="")
    inside: ValuePath = ()
    # Of many problems in a large file none makes whoever waits for them read it again.
    _marked: list[Any] = field(repr=False, compare=False, default_factory=list)

    def line(self, path: ValuePath) -> int:
        """Give the line of the value at *path*, or of the nearest value around it that the file has."""
        line, node = 1, self._tree()
        try:
            for part in (*self.inside, *path):
                if not has_child(node, part):
                    break
                line = (node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part))[0] + 1
                node = node[part]
        except KeyError:
            # A key that a merge key brought in: the nearest line found has to do.
            return line
        return line

    def _tree(self) -> Any:
        """Give the file with its lines; None where it has none, as JSON that is indented with tabs."""
        if not self._marked:
            try:
                self._marked.append(_yaml().load(self.text))
            except YAMLError:
                self._marked.append(None)
        return self._marked[0]


@dataclass(frozen=True, slots=True)
class Merged:
    """One object out of several files: sections of the same name are joined, an entry may stand in one file only."""

    value: JsonDict
    parts: tuple[Located, ...]

    def where(self, path: ValuePath) -> tuple[str, int]:
        """Give file and line of the value at *path*."""
        best: tuple[int, Located, ValuePath] | None = None
        offset = 0
        for part in self.parts:
            inner = path
            section = part.value.get(str(path[0])) if path else None
            if isinstance(section, list) and len(path) > 1 and isinstance(path[1], int):
                inner = (path[0], path[1] - offset, *path[2:])
                offset += len(section)
            depth = _depth(part.value, inner)
            if best is None or depth > best[0]:
                best = (depth, part, inner)
        return (best[1].file, best[1].line(best[2])) if best else ("", 0)


def text_of(path: Path, name: str) -> str:
    """Give the text of the file at *path*, which messages call *name*; raises ActivationError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ActivationError([Problem(f"cannot be read as UTF-8 text: {error}", name)]) from error


def read(path: Path, inside: ValuePath = (), *, shown_as: str = "") -> Located:
    """Read a YAML or JSON data file; raises `ActivationError` with the line of a syntax error or duplicate key.

    *shown_as* names the file in messages, where that is not its path.
    """
    name = shown_as or str(path)
    text = text_of(path, name)
    try:
        value: Any = _json(name, text) if path.suffix == ".json" else _plain(_load(name, text))
    except RecursionError:
        raise ActivationError([Problem("is nested too deeply", name)]) from None
    for part in inside:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise ActivationError([Problem("must hold an object", name, 1)])
    return Located(name, value, text, inside)


def merge(parts: Iterable[Located], *, join_sections: bool) -> Merged:
    """Join *parts*; raises `ActivationError` where two files say something about the same key."""
    parts = tuple(parts)
    value: JsonDict = {}
    problems: list[Problem] = []
    for part in parts:
        for name, section in part.value.items():
            there = value.get(name)
            if name not in value:
                value[name] = section
            elif join_sections and isinstance(there, list) and isinstance(section, list):
                value[name] = [*there, *section]
            elif join_sections and isinstance(there, dict) and isinstance(section, dict):
                twice = sorted(there.keys() & section.keys())
                problems += [_twice(part, (name, key)) for key in twice]
                value[name] = {**there, **section}
            else:
                problems.append(_twice(part, (name,)))
    if problems:
        raise ActivationError(problems)
    return Merged(value, parts)


def _twice(part: Located, path: ValuePath) -> Problem:
    dotted = ".".join(str(step) for step in path)
    return Problem(f"{dotted} is already given by another policy root", part.file, part.line(path))


def has_child(value: Any, part: str | int) -> bool:
    """Whether *part* is a key of the object or a position of the list *value*."""
    if isinstance(value, list):
        return isinstance(part, int) and 0 <= part < len(value)
    return isinstance(value, dict) and part in value


def _depth(value: Any, path: ValuePath) -> int:
    depth = 0
    for part in path:
        if not has_child(value, part):
            break
        value = value[part]
        depth += 1
    return depth


def _yaml() -> YAML:
    return YAML(typ="rt", pure=True)


def _load(name: str, text: str) -> Any:
    try:
        return _yaml().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ActivationError([Problem(str(error.problem), name, line)]) from error
    except (YAMLError, ValueError) as error:
        raise ActivationError([Problem(f"is no YAML: {error}", name)]) from error


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=unique_members)
    except json.JSONDecodeError as error:
        raise ActivationError([Problem(error.msg, name, error.lineno)]) from error
    except ValueError as error:
        raise ActivationError([Problem(str(error), name)]) from error


def unique_members(pairs: list[tuple[str, Any]]) -> JsonDict:
    """Build an object whose member names are unique, for `json.loads`; raises ValueError otherwise."""
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _value in pairs]
        msg = f"found duplicate key {next(name for name in names if names.count(name) > 1)!r}"
        raise ValueError(msg)
    return members


def _plain(node: Any) -> Any:
    """Give ruamel's annotated values as plain ones, so that validation sees int and not a subclass."""
    if isinstance(node, dict):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node
