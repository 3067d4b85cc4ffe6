"""Claims are read fast where their text hides nothing; the two ways of reading never differ."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from actas import strict_json
from actas.errors import ProtocolError

numbers = st.integers() | st.floats() | st.sampled_from([2**63, 2**64, 10**309, -0.0, 1e22, 5e-324])
scalars = st.none() | st.booleans() | numbers | st.text()
objects = st.lists(st.tuples(st.text(max_size=2), scalars), max_size=4).map(strict_json.RepeatedMembers)
trees = st.recursive(
    scalars | objects,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


def _outcome(read: Any, text: str) -> str:
    try:
        return repr(read(text, "claims"))
    except ProtocolError as error:
        return f"{error.field}: {error.message}"


@given(trees.map(strict_json.dumps) | trees.map(json.dumps) | st.text())
@example('{"a":1,"a":1}')
@example('{"a":1e400}')
@example("[18446744073709551616]")
@example("[-0]")
@example('["\\ud800"]')
@example("[1e22,1.0,NaN]")
def test_both_ways_read_the_same(text: str) -> None:
    """Value, type of each number, order, whether it is unambiguous, and every error."""
    assert _outcome(strict_json._decode, text) == _outcome(strict_json._read, text)
