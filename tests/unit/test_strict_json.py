"""Strict JSON shows what a plain parse hides, and refuses what is no JSON."""

from __future__ import annotations

import time
from typing import Any

import pytest

from actas import strict_json
from actas.errors import ProtocolError, Status
from actas.request import JsonText


def parse(text: str | bytes) -> JsonText:
    """Parse with the limits of a claims set."""
    return strict_json.parse(text, "claims_json", max_bytes=65_536, max_depth=64)


def test_the_text_is_kept_as_it_was_sent() -> None:
    """Blanks, order and number types survive beside the value."""
    parsed = parse(b' {"b" : 1, "a" : 2.0} ')

    assert parsed == JsonText(' {"b" : 1, "a" : 2.0} ', {"b": 1, "a": 2.0})
    assert isinstance(parsed.value["b"], int)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"sub":"a","sub":"b"}', {"sub": "b"}),
        ('{"x":[{"y":1,"y":1}]}', {"x": [{"y": 1}]}),
        ('{"\\u0061":1,"a":2}', {"a": 2}),
        ('{"exp":NaN}', {"exp": None}),
        ('{"exp":-Infinity}', {"exp": None}),
        ('{"exp":1e999}', {"exp": None}),
        ('{"exp":' + "9" * 309 + "}", {"exp": None}),
        ('{"exp":' + "9" * 60_000 + "}", {"exp": None}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_ambiguous_text_is_marked_and_not_refused(text: str, value: Any) -> None:
    """Repeated names and numbers without a finite double make a value that is not well-formed."""
    assert parse(text) == JsonText(text, value, well_formed=False)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{} {}", "{'a':1}", '"a\nb"', "\ufeff{}", '{"a":1,}', "nul", "\x00", '"\\ud800"', '{"\\udfff":1}'],
)
def test_what_is_no_json_text_is_a_protocol_error(text: str) -> None:
    """Broken syntax, raw control characters and lone surrogates name the field."""
    with pytest.raises(ProtocolError) as caught:
        parse(text)

    assert (caught.value.field, caught.value.status) == ("claims_json", Status.INVALID_ARGUMENT)


@pytest.mark.parametrize("text", [b'"\xff"', b'"\xed\xa0\x80"', '"\ud800"'])
def test_bytes_that_are_no_utf8_are_a_protocol_error(text: str | bytes) -> None:
    """Invalid UTF-8 is refused, not replaced."""
    with pytest.raises(ProtocolError, match="claims_json: not valid UTF-8"):
        parse(text)


def test_surrogate_pairs_and_escaped_backslashes_are_text() -> None:
    """Only a lone surrogate is refused."""
    assert parse('"\\ud83d\\ude00 \\\\ud800"').value == "\U0001f600 \\ud800"


def test_size_is_measured_in_bytes() -> None:
    """A text over the limit exhausts the resource, and its characters may be fewer than its bytes."""
    assert parse('"' + "é" * 32_767 + '"').well_formed
    with pytest.raises(ProtocolError) as caught:
        parse('"' + "é" * 32_768 + '"')

    assert caught.value.status is Status.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("[" * 64 + "]" * 64, True),
        ("[" * 65 + "]" * 65, False),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, False),
        ("[" + "[]," * 500 + "[]]", True),
        ('["' + "[" * 500 + '"]', True),
        ('["\\"' + "[" * 500 + '"]', True),
        ('["\\\\",' + "[" * 64 + "]" * 65, False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_depth_counts_open_brackets_outside_strings(text: str, allowed: bool) -> None:
    """64 levels are read, the 65th is refused, and brackets in strings are characters."""
    if allowed:
        assert parse(text).well_formed
    else:
        with pytest.raises(ProtocolError, match="nested deeper than 64 levels"):
            parse(text)


@pytest.mark.parametrize("text", ['["' + '\\"' * 30_000, '["[' * 20_000, "[[]]" * 16_000, '"' * 65_000, "[" * 65_000])
def test_hostile_text_costs_no_time(text: str) -> None:
    """No text within the size limit makes the depth check quadratic."""
    before = time.thread_time()
    with pytest.raises(ProtocolError):
        parse(text)

    assert time.thread_time() - before < 0.5


def test_a_tree_keeps_repeated_members_for_its_text() -> None:
    """A value taken out of a document still shows both members in its text."""
    tree = strict_json.parse_tree('{"c":{"sub":"a","sub":"b"}}', "", max_bytes=100, max_depth=5)

    json_text = strict_json.from_tree(tree["c"], "c", max_bytes=100, max_depth=5)

    assert json_text == JsonText('{"sub":"a","sub":"b"}', {"sub": "b"}, well_formed=False)
    assert tree["c"].repeated == "sub"


@pytest.mark.parametrize(
    "value",
    [{1: 2}, {"a": {1, 2}}, {"a": b"x"}, [object()], 10**400, "\ud800", ("a",)],
    ids=lambda value: type(value).__name__,
)
def test_values_that_json_does_not_have_are_refused(value: Any) -> None:
    """A caller's Python value of another type is a protocol error, not a crash."""
    with pytest.raises(ProtocolError) as caught:
        strict_json.from_tree(value, "claims", max_bytes=1000, max_depth=5)

    assert caught.value.field == "claims"


def test_a_value_that_contains_itself_is_too_deep() -> None:
    """A cycle is noticed by depth and not by recursion."""
    cycle: list[Any] = []
    cycle.append(cycle)

    with pytest.raises(ProtocolError, match="nested deeper"):
        strict_json.from_tree(cycle, "claims", max_bytes=1000, max_depth=64)


def test_dumps_is_compact_and_keeps_the_order() -> None:
    """Members come as given, without blanks, in UTF-8 rather than escapes."""
    assert strict_json.dumps({"b": [1, True, None], "a": "é"}) == '{"b":[1,true,null],"a":"é"}'
