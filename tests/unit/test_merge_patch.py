"""JSON merge patch, by the table of RFC 7386, appendix A."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from actas.policy.merge_patch import merge

RFC_7386_APPENDIX_A: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7386_APPENDIX_A)
def test_every_example_of_rfc_7386_merges_as_it_says(target: Any, patch: Any, result: Any) -> None:
    """The appendix of the RFC is the specification of a merge."""
    assert merge(target, patch) == result


def test_a_merge_leaves_both_sides_as_they_were() -> None:
    """Several cases extend one part, so no case may change it."""
    target, patch = {"a": {"b": 1, "c": [1]}}, {"a": {"b": None, "d": {"e": 2}}}
    before = copy.deepcopy((target, patch))

    merge(target, patch)

    assert (target, patch) == before
