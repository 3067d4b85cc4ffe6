"""Which shape each key of `expect` must have; a misspelt expectation would check nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from actas.errors import Problem
from actas.policy.expectation import LIMIT_KEYS, known_keys
from actas.policy.suite_yaml import SuiteYaml, YamlPath


def problems(source: SuiteYaml, path: YamlPath, expect: Any) -> Iterator[Problem]:
    """Yield everything wrong with the `expect` object at *path* of *source*."""
    if not isinstance(expect, dict):
        yield source.problem(path, "expect must be an object with the member 'effect'")
        return
    if "effect" not in expect:
        yield source.problem(path, "expect.effect is missing: say ALLOW or DENY")
    for key, value in expect.items():
        if key not in known_keys():
            yield source.problem((*path, key), f"expect.{key} is unknown; known: {', '.join(sorted(known_keys()))}")
        elif not _SHAPES[key][0](value):
            yield source.problem((*path, key), f"expect.{key} must be {_SHAPES[key][1]}")
    limits = expect.get("limits")
    if not isinstance(limits, dict):
        return
    for key, value in limits.items():
        if key not in LIMIT_KEYS:
            yield source.problem(
                (*path, "limits", key), f"expect.limits.{key} is unknown; known: {', '.join(LIMIT_KEYS)}"
            )
        elif key == "scope" and not _texts(value):
            yield source.problem((*path, "limits", key), "expect.limits.scope must be a list of scopes")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _object_or_null(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def _withheld(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and item.keys() == {"scope", "code"} and _texts(list(item.values())) for item in value
    )


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "effect": (lambda value: value in ("ALLOW", "DENY"), "ALLOW or DENY"),
    "codes": (_texts, "a list of denial codes"),
    "error": (_text_or_null, "an OAuth error or null"),
    "obligation_type": (_text_or_null, "an obligation type or null"),
    "obligation": (_object, "an object: type and the properties beside it"),
    "narrowed": (lambda value: isinstance(value, bool), "true or false"),
    "notes": (_texts, "a list of notes"),
    "limits": (_object, "an object of limits"),
    "act": (_object_or_null, "an act claim or null"),
    "token_type": (_text_or_null, "a token type or null"),
    "cnf": (_object_or_null, "a cnf claim or null"),
    "withheld_scope": (_withheld, "a list of {scope, code}"),
}
