"""The built-ins that OPA's compiler leaves to the host of a WebAssembly module.

A revision that needs another one is refused at activation. A built-in that cannot do what it is asked breaks the
evaluation off, as `strict-builtin-errors` does in OPA: then there is no decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from actas.engine.wasm.sprintf import UnsupportedFormError, sprintf
from actas.engine.wasm.terms import Number, Object, Set, order, parse

T = TypeVar("T")


class BuiltinFailedError(Exception):
    """A built-in could not answer."""


def call(name: str, operands: list[str]) -> str:
    """Answer the built-in *name* in text, as operands are.

    Raises:
        BuiltinFailedError: an operand is of the wrong type, or the built-in cannot do what it is asked.

    """
    try:
        return json.dumps(HOST[name](*map(parse, operands)))
    except (ValueError, TypeError, ArithmeticError, RecursionError, UnsupportedFormError) as error:
        raise BuiltinFailedError(name) from error


def _sprintf(template: Any, values: Any) -> str:
    return sprintf(_string(template), _of(list, values))


def _indexof_n(text: Any, searched: Any) -> list[int]:
    base, part = _string(text), _string(searched)
    if not part:
        raise ValueError("nothing to search for")
    return [at for at in range(len(base) - len(part) + 1) if base.startswith(part, at)]


def _count(text: Any, part: Any) -> int:
    return _string(text).count(_string(part))


def _any_prefix_match(texts: Any, prefixes: Any) -> bool:
    wanted = tuple(_strings(prefixes))
    return any(text.startswith(wanted) for text in _strings(texts))


def _any_suffix_match(texts: Any, suffixes: Any) -> bool:
    wanted = tuple(_strings(suffixes))
    return any(text.endswith(wanted) for text in _strings(texts))


def _object_subset(whole: Any, part: Any) -> bool:
    """Decide as OPA's `object.subset`: objects recursively, arrays as a run, sets by their members."""
    if isinstance(whole, Object | list | Set) and type(whole) is type(part):
        return _within(whole, part)
    if isinstance(whole, list) and isinstance(part, Set):
        return _array_covers(list(map(order, whole)), list(map(order, part.members)))
    raise TypeError("operands of these types")


def _array_covers(there: list[Any], wanted: list[Any]) -> bool:
    """Count as OPA does, which takes a member that occurs twice for two, and no array for an empty one's superset."""
    missing = len(wanted)
    for member in there:
        missing -= member in wanted
        if missing == 0:
            return True
    return False


def _within(whole: Any, part: Any) -> bool:
    if isinstance(whole, Object):
        there = [(order(name), member) for name, member in whole.members]
        for name, member in part.members:
            found = [other for key, other in there if key == order(name)]
            if not found or not (order(found[0]) == order(member) or _nested(found[0], member)):
                return False
        return True
    here, wanted = [list(map(order, _members(side))) for side in (whole, part)]
    if isinstance(whole, Set):
        return all(member in here for member in wanted)
    return not wanted or any(here[at : at + len(wanted)] == wanted for at in range(len(here) - len(wanted) + 1))


def _nested(whole: Any, part: Any) -> bool:
    return isinstance(whole, Object | list | Set) and type(whole) is type(part) and _within(whole, part)


def _members(value: Any) -> Any:
    return value.members if isinstance(value, Set) else value


def _string(value: Any) -> str:
    return _of(str, value)


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return list(map(_string, value.members if isinstance(value, Set) else _of(list, value)))


def _of(kind: type[T], value: Any) -> T:
    if not isinstance(value, kind) or isinstance(value, Number):
        raise TypeError("operand of the wrong type")
    return value


HOST: Mapping[str, Callable[..., Any]] = {
    "sprintf": _sprintf,
    "indexof_n": _indexof_n,
    "object.subset": _object_subset,
    "strings.any_prefix_match": _any_prefix_match,
    "strings.any_suffix_match": _any_suffix_match,
    "strings.count": _count,
}
