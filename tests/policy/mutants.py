"""Mutants of Rego modules: one small change each, placed by what the parser says stands where."""

from __future__ import annotations

import base64
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Node = dict[str, Any]

_FLIPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
# Neither can stand behind `not`: the parser or the compiler refuses.
_NEVER_NEGATED = ("some ", "every ")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of the module *path* (below policies/). *rule* has `#2` for the second definition of a name."""

    path: str
    line: int
    rule: str
    mutation: str
    original: str
    replacement: str
    text: str

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What stays the same when lines move: file, rule, expression and mutation."""
        return self.path, self.rule, " ".join(self.original.split()), self.mutation

    def __str__(self) -> str:
        original, replacement = (" ".join(text.split()) for text in (self.original, self.replacement))
        changed = f"`{original}` → `{replacement}`" if replacement else f"`{original}` left out"
        return f"policies/{self.path}:{self.line}: {self.rule}: {self.mutation}: {changed}"


def mutants(opa: Path, policies: Path, path: str) -> list[Mutant]:
    """Give all mutants of the module *path* below *policies*, in the order of the file."""
    source = (policies / path).read_text(encoding="utf-8")
    done = subprocess.run(
        [opa, "parse", "--format=json", "--json-include=locations", path],
        cwd=policies,
        capture_output=True,
        check=True,
        timeout=60,
    )
    found = list(_Module(path, source).mutants(json.loads(done.stdout)))
    unique = {(mutant.text, mutant.line): mutant for mutant in found if mutant.text != source}
    return sorted(unique.values(), key=lambda mutant: (mutant.line, mutant.mutation))


class _Module:
    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source.encode()
        self._starts = [0]
        for line in self._source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def mutants(self, tree: Node) -> Iterator[Mutant]:
        """Mutate every rule, every `else`, every expression of every body and every comparison."""
        definitions: Counter[str] = Counter()
        for node in tree.get("rules", []):
            name = str(node["head"]["ref"][0]["value"])
            definitions[name] += 1
            rule = name if definitions[name] == 1 else f"{name}#{definitions[name]}"
            yield from self._change(node, rule, "rule removed", "")
            for below in _walk(node):
                if isinstance(below.get("else"), dict):
                    yield from self._change(below["else"], rule, "else removed", "")
                if "terms" in below and "index" in below and not below.get("generated"):
                    yield from self._expression(below, rule)
                if _is_comparison(below):
                    yield from self._flip(below, rule)

    def _expression(self, node: Node, rule: str) -> Iterator[Mutant]:
        text = _text(node)
        yield from self._change(node, rule, "deleted", "true")
        if node.get("negated"):
            yield from self._change(node, rule, "negated", text.removeprefix("not").lstrip())
        elif not text.startswith(_NEVER_NEGATED) and not _assigns(node):
            yield from self._change(node, rule, "negated", f"not {text}")

    def _flip(self, operator: Node, rule: str) -> Iterator[Mutant]:
        yield from self._change(operator, rule, "flipped", _FLIPPED[_text(operator)])

    def _change(self, node: Node, rule: str, mutation: str, replacement: str) -> Iterator[Mutant]:
        original = base64.b64decode(node["location"]["text"])
        row, column = node["location"]["row"], node["location"]["col"]
        start = self._starts[row - 1] + column - 1
        end = start + len(original)
        if self._source[start:end] != original:
            raise ValueError(f"{self._path}:{row}: the parser's text is not what stands there")
        text = self._source[:start] + replacement.encode() + self._source[end:]
        shown = original.decode()
        if mutation == "flipped":  # an operator alone tells nobody which comparison it is of
            line = self._source[self._starts[row - 1] : self._starts[row]].decode()
            shown = line.strip()
            replacement = (line[: column - 1] + replacement + line[column - 1 + len(original) :]).strip()
        yield Mutant(self._path, row, rule, mutation, shown, replacement, text.decode())


def _walk(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from _walk(member)
    elif isinstance(node, list):
        for item in node:
            yield from _walk(item)


def _text(node: Node) -> str:
    return base64.b64decode(node["location"]["text"]).decode()


def _assigns(node: Node) -> bool:
    terms = node["terms"]
    return isinstance(terms, list) and terms[0]["value"][0]["value"] == "assign"


def _is_comparison(node: Node) -> bool:
    return node.get("type") == "ref" and "location" in node and _text(node) in _FLIPPED
