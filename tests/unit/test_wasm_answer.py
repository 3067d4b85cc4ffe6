"""What an evaluation has written, as the values that OPA meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actas.engine.wasm.answer import read
from actas.errors import EngineError


def answer(**decision: Any) -> bytes:
    """Write a result set."""
    return json.dumps([{"result": decision}]).encode()


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**64), 10**30, 1.5, 2**53 + 1], ids=repr)
def test_a_number_stays_exactly_what_it_is(number: Any) -> None:
    """An inbound act is issued unchanged, with whatever integers it holds."""
    act = read(answer(act={"sub": "a", "n": [number]}))["act"]

    assert (act["n"][0], type(act["n"][0])) == (number, type(number))


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"[1]", b'[{"result": NaN}]', b"\xff"], ids=repr)
def test_what_cannot_be_read_is_no_answer(text: bytes) -> None:
    """No value is never a decision."""
    with pytest.raises(EngineError) as caught:
        read(text)

    assert caught.value.reason == "ENGINE_NO_ANSWER"
