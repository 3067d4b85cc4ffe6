"""Rego modules as syntax trees: what `rego.parse_module` gives, with the line each rule starts on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from actas.policy.sources import RegoFile

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of a module; a rule with `else` is one rule."""

    name: str
    line: int
    node: Node

    @property
    def is_default(self) -> bool:
        """Whether it is `default name := …`."""
        return bool(self.node.get("default"))

    @property
    def is_complete(self) -> bool:
        """Whether it is a plain name with one value: no function, no set, no part of an object."""
        head = self.node["head"]
        return "args" not in head and "key" not in head and len(head["ref"]) == 1

    def values(self) -> Iterator[Node]:
        """Give the value term of the rule and of each of its `else` branches."""
        node: Node | None = self.node
        while node is not None:
            if "value" in node["head"]:
                yield node["head"]["value"]
            node = node.get("else")


@dataclass(frozen=True)
class Module:
    """One parsed file."""

    file: RegoFile
    tree: Node

    @property
    def package(self) -> str:
        """The package as `data.a.b`."""
        return ".".join(str(part["value"]) for part in self.tree["package"]["path"])

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All rules in the order of the file."""
        lines = self.file.lines
        seen: dict[str, int] = {}
        found = []
        for node in self.tree.get("rules", ()):
            name = str(node["head"]["ref"][0]["value"])
            line = _next_start(lines, name, seen.get(name, 0))
            seen[name] = line
            found.append(Rule(name, line, node))
        return tuple(found)

    @cached_property
    def imports(self) -> dict[str, str]:
        """The names that imports bring in: alias → `data.a.b` or `input.x`."""
        named = {}
        for entry in self.tree.get("imports", ()):
            path = [str(part["value"]) for part in entry["path"]["value"]]
            named[entry.get("alias") or path[-1]] = ".".join(path)
        return named


def walk(node: Any) -> Iterator[Node]:
    """Give *node* and every object below it, without recursion."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            waiting.extend(reversed(current.values()))
        elif isinstance(current, list):
            waiting.extend(reversed(current))


def reference(term: Node) -> tuple[str, ...]:
    """Give a reference's leading constant parts; empty for other terms. A lone variable is a reference."""
    if term.get("type") == "var":
        return (str(term["value"]),)
    if term.get("type") != "ref":
        return ()
    parts: list[str] = []
    for position, part in enumerate(term["value"]):
        if part["type"] != ("var" if position == 0 else "string"):
            break
        parts.append(part["value"])
    return tuple(parts)


def _next_start(lines: Sequence[str], name: str, after: int) -> int:
    # The parser's answer has no places. Rules start in the first column, which `opa fmt` sees to.
    start = re.compile(rf"(?:default\s+)?{re.escape(name)}(?![\w])")
    for number in range(after + 1, len(lines) + 1):
        if start.match(lines[number - 1]):
            return number
    return after or 1
