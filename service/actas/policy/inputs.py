"""Which members of the input a rule looks at, directly and through everything it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from actas.policy.syntax import Module, Node, Rule, reference

_Name = tuple[str, str]  # package and rule
_Path = tuple[str | None, ...]


class InputUse:
    """The references of all modules, and what is reachable over them."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._members: dict[_Name, set[str]] = {}
        self._reaches: dict[_Name, set[_Name]] = {}
        self._rules = local = dict[str, set[str]]()
        for module in modules:
            local.setdefault(module.package, set()).update(rule.name for rule in module.rules)
        for module in modules:
            for rule in module.rules:
                name = (module.package, rule.name)
                members, reaches = self._direct(module, rule, local[module.package])
                self._members.setdefault(name, set()).update(members)
                self._reaches.setdefault(name, set()).update(reaches)

    def of(self, module: Module, rule: Rule) -> tuple[str, ...]:
        """Give the input paths (`input.subject_token.claims.may_act`) that decide about *rule*, sorted."""
        local = {name for package, name in self._members if package == module.package}
        members, waiting = self._direct(module, rule, local)
        seen: set[_Name] = set()
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                members |= self._members.get(name, set())
                waiting |= self._reaches.get(name, set())
        return tuple(sorted(members))

    def _direct(self, module: Module, rule: Rule, local: set[str]) -> tuple[set[str], set[_Name]]:
        members: set[str] = set()
        reaches: set[_Name] = set()
        for parts, whole in _references(rule.node):
            root = module.imports.get(parts[0], parts[0]).split(".")
            path = (*root, *parts[1:])
            if path[0] == "input" and len(path) > 1:
                members.add(".".join(path))
            elif path[0] == "data":
                reaches.update(self._rules_named((*root, *whole[1:])))
            elif parts[0] in local:
                reaches.add((module.package, parts[0]))
        return members, reaches

    def _rules_named(self, path: _Path) -> Iterator[_Name]:
        """Give the rules that *path* may denote: a part that is computed, as in `limits[_]`, is any."""
        for package, rules in self._rules.items():
            parts = package.split(".")
            if any(part not in (None, known) for part, known in zip(path, parts, strict=False)):
                continue
            named = path[len(parts)] if len(path) > len(parts) else None
            yield from ((package, rule) for rule in rules if named in (None, rule))


def _references(node: Any) -> Iterator[tuple[tuple[str, ...], _Path]]:
    """Give the leading constant parts of every reference, and all its parts with None for what is computed."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(current)
        elif isinstance(current, dict) and current.get("type") in {"ref", "var"}:
            if parts := reference(current):
                yield parts, _whole(current)
            if current["type"] == "ref":
                # The head is the name itself, unless it is a call.
                waiting.extend(current["value"][1:] if parts else current["value"])
        elif isinstance(current, dict):
            waiting.extend(value for key, value in current.items() if key not in {"ref", "name"})


def _whole(term: Node) -> _Path:
    if term["type"] == "var":
        return (term["value"],)
    head, *rest = term["value"]
    return (head["value"], *(part["value"] if part["type"] == "string" else None for part in rest))
