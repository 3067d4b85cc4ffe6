"""Named parts of exchanges that cases extend: a suite's own, and those of `fixtures.yaml` beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from actas.errors import Problem
from actas.policy.merge_patch import merge
from actas.policy.suite_yaml import SuiteYaml, YamlPath

PARTS_FILE = "fixtures.yaml"
_PART_KEYS = ("extends", "request", "data", "now")
_MERGED_KEYS = ("now", "request", "data")


class Parts:
    """The parts that one suite can extend; a suite's part hides a shared one of the same name."""

    def __init__(self, suite: SuiteYaml, shared: SuiteYaml | None = None) -> None:
        self._sources = [source for source in (shared, suite) if source is not None]
        self._parts: dict[str, Any] = {}
        for source in self._sources:
            self._parts.update(_parts_of(source))
        self._suite = suite

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the parts themselves."""
        for source in self._sources:
            if source is not self._suite and (
                not isinstance(source.value, dict) or source.value.keys() != {"fixtures"}
            ):
                yield source.problem((), f"{PARTS_FILE} holds one member, 'fixtures'")
                continue
            fixtures = source.value.get("fixtures", {}) if isinstance(source.value, dict) else {}
            if not isinstance(fixtures, dict):
                yield source.problem(("fixtures",), "'fixtures' must be an object of named parts")
                continue
            for name, part in fixtures.items():
                yield from self._part_problems(source, name, part)

    def _part_problems(self, source: SuiteYaml, name: str, part: Any) -> Iterator[Problem]:
        path: YamlPath = ("fixtures", name)
        if not isinstance(part, dict):
            yield source.problem(path, f"the part '{name}' must be an object")
            return
        for key in part:
            if key not in _PART_KEYS:
                yield source.problem((*path, key), f"'{key}' is unknown here; known: {', '.join(_PART_KEYS)}")
        yield from self.extends_problems(path, part, source)
        if name in self._ancestors(name):
            yield source.problem((*path, "extends"), f"the part '{name}' extends itself")

    def extends_problems(
        self, path: YamlPath, user: Mapping[str, Any], source: SuiteYaml | None = None
    ) -> Iterator[Problem]:
        """Yield what is wrong with the `extends` of *user*, a case or a part at *path*."""
        where = source or self._suite
        extends = user.get("extends", [])
        if not isinstance(extends, str) and not _texts(extends):
            yield where.problem((*path, "extends"), "'extends' must be the name of a part, or a list of names")
            return
        for name in _names(extends):
            if name not in self._parts:
                known = ", ".join(sorted(self._parts)) or "none"
                yield where.problem((*path, "extends"), f"there is no part named '{name}'; known: {known}")

    def merged(self, start: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
        """Merge (RFC 7386) onto *start* all that *user* extends, in order, and then *user* itself.

        Meaningful only when no problem was found; a name that isn't there adds nothing.
        """
        return self._merge(dict(start), user, frozenset())

    def _merge(self, onto: dict[str, Any], user: Mapping[str, Any], seen: frozenset[str]) -> dict[str, Any]:
        for name in _names(user.get("extends", [])):
            part = self._parts.get(name)
            if isinstance(part, dict) and name not in seen:
                onto = self._merge(onto, part, seen | {name})
        merged = dict(onto)
        for key in _MERGED_KEYS:
            if key in user:
                # What changes nothing is taken as it is written: there null is a value, as in claims.
                merged[key] = merge(onto[key], user[key]) if onto.get(key) is not None else user[key]
        return merged

    def _ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = [name]
        while waiting:
            part = self._parts.get(waiting.pop())
            fresh = set(_names(part.get("extends", []) if isinstance(part, dict) else [])) - found
            found |= fresh
            waiting.extend(fresh)
        return found


def _parts_of(source: SuiteYaml) -> dict[str, Any]:
    fixtures = source.value.get("fixtures") if isinstance(source.value, dict) else None
    return fixtures if isinstance(fixtures, dict) else {}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _names(extends: Any) -> list[str]:
    if isinstance(extends, str):
        return [extends]
    return extends if _texts(extends) else []
