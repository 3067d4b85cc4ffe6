"""Numbers that are not whole: the arithmetic of OPA's interpreter, which is neither a float's nor a decimal's."""

from __future__ import annotations

import json
import subprocess

import pytest

from actas.engine.opa_binary import resolve_opa
from actas.engine.wasm.builtins import BuiltinFailedError, call

CASES = [
    *(
        ("mul", [a, b])
        for a in ("0.3", "0.7", "1.1", "2.675", "1e-7", "19.99")
        for b in ("3", "10", "100", "1.5", "-0.1")
    ),
    *(("div", [a, b]) for a in ("1", "2", "10", "0.1", "-7") for b in ("3", "7", "0.3", "1000000", "2.0")),
    *(("plus", [a, b]) for a in ("0.1", "1e22", "999999.5", "1700000000.5") for b in ("0.2", "2", "1e-5")),
    *(("minus", [a, b]) for a in ("4294967297", "1", "0.3") for b in ("0.1", "1.5", "0.00001")),
    *(("rem", [a, b]) for a in ("5.0", "-7.0", "1e2") for b in ("3", "-4.0")),
    *(
        (name, [a])
        for name in ("floor", "ceil", "round", "abs")
        for a in ("0.5", "-0.5", "1.5", "-1.5", "2.5", "7.0", "1e3")
    ),
    *(
        (name, [a])
        for name in ("sum", "product")
        for a in ("[8,2.675,3]", "[0.1,0.2,0.3]", "[]", "[1.0,2]", "[19.99,3]")
    ),
]


def test_each_number_is_that_of_opa() -> None:
    """The same digits: a limit that is compared with them holds in both engines or in none."""
    terms = ", ".join(f"{name}({', '.join(operands)})" for name, operands in CASES)
    command = [resolve_opa(), "eval", "--format=raw", f"[{terms}]"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)

    expected = json.loads(told.stdout, parse_float=str, parse_int=str)
    assert [call(name, operands) for name, operands in CASES] == expected


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        *(
            ("to_number", [json.dumps(text)])
            for text in ("", " 1", "+1", "01", ".5", "5.", "1_000", "0x1", "1e400", "inf")
        ),
        *(("div", [a, b]) for a, b in (("1", "0"), ("0.5", "0.0"), ('"1"', "1"))),
        *(("rem", [a, b]) for a, b in (("1.5", "1"), ("1", "0"))),
        ("plus", ["1e5000", "1"]),
        ("floor", ["1e300"]),
        ("max", ["5"]),
        ("indexof", ['"a"', '""']),
        ("object.union_n", ['{"a":{}}']),
        ("sum", ['{"a":1}']),
        ("sum", ['[1,"2"]']),
    ],
)
def test_what_opa_refuses_is_refused(name: str, operands: list[str]) -> None:
    """And so is what it would cost too much to compute."""
    with pytest.raises(BuiltinFailedError):
        call(name, operands)
