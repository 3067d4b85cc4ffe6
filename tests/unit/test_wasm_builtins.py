"""The built-ins that the embedded engine's host answers: as OPA does, or not at all."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from actas.engine.opa_binary import resolve_opa
from actas.engine.wasm.builtins import HOST, BuiltinFailedError, call
from actas.engine.wasm.terms import Number, Object, Set, parse, shown

TEXTS: list[Any] = ["", "x", "aaa", "$1 %s", 'q"\\\n\x00\x1f', "é\u2028\U0001f600\u200b\ufeff"]
NUMBERS: list[Any] = [0, 5, -7, 2**53 + 1, 2**63, 10**20, 1.0, 1.5, -0.1, 1e6, 123456789.5, 1e21, 1e-4, 1e-5, 1.25e300]
OTHERS: list[Any] = [True, None, [], {}, [1, "a", [2.5]], {"b": 1, "a": {"z": None}}]
TEMPLATES = [
    "%v",
    "%s",
    "%d",
    "%q",
    "%%",
    "a%vb%sc",
    "%5v|",
    "%-5s|",
    "%05d",
    "%+d",
    "%+v",
    "% d",
    "%.2f",
    "%8.3f",
    "%.2s",
    "%x",
    "%",
]
SPRINTF = [[template, [value]] for template in TEMPLATES for value in TEXTS + NUMBERS + OTHERS] + [
    ["%v and %v", ["one"]],
    ["none", ["one", 2, 3.5]],
    ["%v %s", [{"a": [1]}, "x"]],
]
SEARCHES: list[Any] = ["", "a", "aa", "é", "abc", 5, None]
SETS = {"strings.any_prefix_match", "strings.any_suffix_match"}
PAIRS: dict[str, list[Any]] = {
    "sprintf": SPRINTF,
    "indexof_n": [[text, search] for text in [*TEXTS, "aéaéa", "abcabc"] for search in SEARCHES],
    "strings.count": [[text, search] for text in ["", "aaaa", "aéa", 5] for search in SEARCHES],
    **{
        name: [
            [a, b] for a in ["", "abc", ["abc", "x"], [], 5, ["a", 1]] for b in ["", "a", "c", [], ["c", "ab"], [1], {}]
        ]
        for name in SETS
    },
    "object.subset": [
        [whole, part]
        for whole in [{}, {"a": 1, "b": {"c": [1, 2, 3], "d": 4}}, [], [1, 2, 3], [1, 2, 1, 2, 3], 5]
        for part in [
            {},
            {"a": 1},
            {"a": 1.0},
            {"b": {"c": [2, 3]}},
            {"b": {"c": [1, 3]}},
            {"x": 1},
            [],
            [2, 3],
            [1, 2, 3],
            5,
        ]
    ],
}


def of_opa(name: str, operands: list[Any]) -> list[Any]:
    """What OPA answers for each pair of *operands*; None where it has no value."""
    one = f'object.union({{"r": null}}, {{"r": r | r := {name}(pair[0], pair[1])}})'
    query = f"[found | some pair in input; found := {one}]"
    command = [resolve_opa(), "eval", "--format=raw", "--stdin-input", query]
    told = subprocess.run(command, input=json.dumps(operands), capture_output=True, text=True, check=True)
    return [found["r"] for found in json.loads(told.stdout)]


@pytest.mark.parametrize("name", HOST)
def test_every_built_in_answers_as_opa_does(name: str) -> None:
    """The same value; where OPA has none there is none here, and `sprintf` refuses forms that it does not know."""
    answered = 0
    for operands, expected in zip(PAIRS[name], of_opa(name, PAIRS[name]), strict=True):
        try:
            found = json.loads(call(name, [json.dumps(operand) for operand in operands]))
        except BuiltinFailedError:
            assert expected is None or name == "sprintf", operands
            continue
        assert found == expected, operands
        answered += 1
    assert answered > len(PAIRS[name]) / 4


def test_a_set_within_an_array_is_decided_as_opa_does() -> None:
    """The one pair of types that JSON cannot say."""
    pairs = [
        ("[1,2,3]", "{2,3}"),
        ("[1,1]", "{1,2}"),
        ("[1]", "{1,2}"),
        ("[]", "set()"),
        ("[1]", "set()"),
        ("{1,2}", "{2}"),
    ]
    query = ", ".join(f"object.subset({whole}, {part})" for whole, part in pairs)
    told = subprocess.run(
        [resolve_opa(), "eval", "--format=raw", f"[{query}]"], capture_output=True, text=True, check=True
    )

    assert [json.loads(call("object.subset", list(pair))) for pair in pairs] == json.loads(told.stdout)


MANY = 4000


@pytest.mark.parametrize(
    "operands",
    [[{f"n{number}": number for number in range(MANY)}] * 2, [[1] * 4 * MANY, [1] * 2 * MANY + [2]]],
    ids=["objects", "arrays"],
)
def test_a_subset_of_many_is_soon_known(operands: list[Any]) -> None:
    """Nothing ends a built-in of the host while it runs, and claims may hold so much: all others would wait."""
    began = time.thread_time()
    call("object.subset", [json.dumps(operand) for operand in operands])

    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("set()", Set(()), "set()"),
        ('{"b","a",2,null}', Set(("b", "a", Number("2"), None)), '{null, 2, "a", "b"}'),
        ('{"b":{1},"a":[]}', Object((("b", Set((Number("1"),))), ("a", []))), '{"a": [], "b": {1}}'),
        ("{}", Object(()), "{}"),
        ("{[1]:true}", Object((([Number("1")], True),)), "{[1]: true}"),
        ("[1.50,-2e3]", [Number("1.50"), Number("-2e3")], "[1.50, -2e3]"),
        ('"a\\u0000\\ud83d\\ude00"', "a\x00\U0001f600", '"a\\x00\U0001f600"'),
    ],
)
def test_terms_are_read_and_shown(text: str, value: object, written: str) -> None:
    """What the module dumps, sets and other names included, and how OPA shows it."""
    assert parse(text) == value
    assert shown(parse(text)) == written


@pytest.mark.parametrize("text", ["", "[", "{1", "[1 2]", "nul", "1 1", '"a', "{1:2,3:}", "[" * 100_000])
def test_what_is_no_term_breaks_the_built_in_off(text: str) -> None:
    """Never a crash of the host, and never a guess."""
    with pytest.raises(BuiltinFailedError):
        call("sprintf", ['"%v"', text])
