"""The built-ins that OPA's compiler leaves to the host of a WebAssembly module.

A revision that needs another one is refused at activation. A built-in that cannot do what it is asked breaks the
evaluation off, as `strict-builtin-errors` does in OPA: then there is no decision. Nothing stops one while it runs, so
none takes long over what a request can hold.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from actas.engine.wasm import floats
from actas.engine.wasm.sprintf import UnsupportedFormError, sprintf
from actas.engine.wasm.terms import Number, Object, Set, order, parse

T = TypeVar("T")

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


class BuiltinFailedError(Exception):
    """A built-in could not answer."""


def call(name: str, operands: list[str]) -> str:
    """Answer the built-in *name* in text, as operands are.

    Raises:
        BuiltinFailedError: an operand is of the wrong type, or the built-in cannot do what it is asked.

    """
    try:
        answer = HOSTED[name](*map(parse, operands))
        return answer.text if isinstance(answer, Number) else json.dumps(answer)
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
        return _array_covers(list(map(order, whole)), set(map(order, part.members)))
    raise TypeError("operands of these types")


def _array_covers(there: list[Any], wanted: set[Any]) -> bool:
    """Count as OPA does, which takes a member that occurs twice for two, and no array for an empty one's superset."""
    missing = len(wanted)
    for member in there:
        missing -= member in wanted
        if missing == 0:
            return True
    return False


def _within(whole: Any, part: Any) -> bool:
    if isinstance(whole, Object):
        there = {order(name): member for name, member in whole.members}
        return all(order(name) in there and _holds(there[order(name)], member) for name, member in part.members)
    if isinstance(whole, Set):
        return set(map(order, part.members)) <= set(map(order, whole.members))
    # A character for each value: nothing finds a run as quickly as a search in text.
    characters: dict[Any, str] = {}
    here, wanted = (
        "".join(characters.setdefault(order(member), chr(len(characters))) for member in side) for side in (whole, part)
    )
    return wanted in here


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(whole, Object | list | Set) and type(whole) is type(part):
        return _within(whole, part)
    return order(whole) == order(part)


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


def _numbers(values: Any) -> list[Number]:
    members = sorted(values.members, key=order) if isinstance(values, Set) else _of(list, values)
    if not all(isinstance(member, Number) for member in members):
        raise TypeError("a member that is no number")
    return members


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *operands: function(*_numbers(list(operands)))


def _concat(separator: Any, texts: Any) -> str:
    return _string(separator).join(sorted(_strings(_of(Set, texts)), key=str.encode))


def _to_number(text: Any) -> Number:
    # OPA reads the text as a float before it takes it as it is.
    if not _JSON_NUMBER.fullmatch(_string(text)) or math.isinf(float(text)):
        raise ValueError("no number")
    return Number(text)


def _union_n(objects: Any) -> dict[str, Any]:
    if _of(list, objects):
        raise TypeError("a member that is no object")
    return {}


def _refused(*_: Any) -> Any:
    raise ValueError("operands that OPA does not take, or makes no sense of")


HOST: Mapping[str, Callable[..., Any]] = {
    "sprintf": _sprintf,
    "indexof_n": _indexof_n,
    "object.subset": _object_subset,
    "strings.any_prefix_match": _any_prefix_match,
    "strings.any_suffix_match": _any_suffix_match,
    "strings.count": _count,
}

# What OPA's module computes itself, but not for all operands as the interpreter does: `strict` sends those here.
HOSTED: Mapping[str, Callable[..., Any]] = {
    **HOST,
    "plus": _on_numbers(lambda a, b: floats.combined(operator.add, a, [b])),
    "minus": _on_numbers(lambda a, b: floats.combined(operator.sub, a, [b])),
    "mul": _on_numbers(lambda a, b: floats.combined(operator.mul, a, [b])),
    "div": _on_numbers(floats.divided),
    "rem": _on_numbers(floats.remainder),
    "abs": _on_numbers(floats.absolute),
    "round": _on_numbers(floats.nearest),
    "ceil": _on_numbers(floats.ceil),
    "floor": _on_numbers(floats.floor),
    "sum": lambda values: floats.combined(operator.add, 0, _numbers(values)),
    "product": lambda values: floats.combined(operator.mul, 1, _numbers(values), floats.PRODUCT_BITS),
    "to_number": _to_number,
    "concat": _concat,
    "replace": _refused,
    "object.union_n": _union_n,
    "indexof": _refused,
    "min": _refused,
    "max": _refused,
}
