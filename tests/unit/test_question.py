"""The policy input as text: the fast encoder and the strict one say the same, or neither says anything."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.engine.question import encoded
from actas.errors import EngineError

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@given(values)
def test_the_text_reads_back_as_the_value(value: Any) -> None:
    """Integers of any size, null and every character included; true is not 1."""
    assert repr(json.loads(encoded({"question": value}))) == repr({"question": value})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "\ud800", b"x", {1}], ids=repr)
@pytest.mark.parametrize("beside", [None, 10**40, "x"], ids=repr)
def test_what_json_cannot_say_is_refused(value: Any, beside: Any) -> None:
    """Whatever stands beside it."""
    with pytest.raises(EngineError) as caught:
        encoded({"beside": beside, "question": [value]})

    assert caught.value.reason == "ENGINE_BAD_INPUT"
