"""Comparison of JSON values as JSON, where true is not 1."""

from __future__ import annotations

from typing import Any

_NUMBERS = (int, float)


def same(one: Any, other: Any) -> bool:
    """Whether two parsed JSON values are the same value.

    Walks with a list of its own, since the values come from outside and may be deep.
    """
    pending = [(one, other)]
    while pending:
        left, right = pending.pop()
        kind = type(left)
        if kind is not type(right):
            # 1 and 1.0 are one number in JSON; a boolean is none.
            if kind not in _NUMBERS or type(right) not in _NUMBERS or left != right:
                return False
        elif kind is dict:
            if left.keys() != right.keys():
                return False
            pending.extend((value, right[name]) for name, value in left.items())
        elif kind is list:
            if len(left) != len(right):
                return False
            pending.extend(zip(left, right, strict=True))
        elif left != right:
            return False
    return True


def all_in(items: list[Any], among: list[Any]) -> bool:
    """Whether every item of one JSON array is in another one."""
    return all(any(same(item, candidate) for candidate in among) for item in items)
