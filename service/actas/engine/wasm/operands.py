"""What an operand is: functions that are added to OPA's module, each from the address of a value to 0 or 1.

The offsets are those of OPA's `value.h`: the type is the first byte, a number's representation the second; what
follows is aligned by its size.
"""

from __future__ import annotations

from typing import Final

import wasmtime

from actas.engine.wasm import binary

# Longer ones are no 64-bit integers, which OPA's interpreter computes otherwise.
_LONGEST_WHOLE = 19

_TESTS: Final = {
    "any": "i32.const 1",
    "never": "i32.const 0",
    "no_set": "(i32.ne (i32.load8_u (local.get 0)) (i32.const 7))",
    # An array or a set.
    "members": """
        (i32.or (i32.eq (i32.load8_u (local.get 0)) (i32.const 5))
                (i32.eq (i32.load8_u (local.get 0)) (i32.const 7)))""",
    # An array that has a member.
    "filled": """
        (i32.and (i32.eq (i32.load8_u (local.get 0)) (i32.const 5))
                 (i32.ne (i32.load offset=8 (local.get 0)) (i32.const 0)))""",
    # Texts have one type when they come with the input and another one in the policy.
    "no_text": """
        (i32.eqz (i32.or (i32.eq (i32.load8_u (local.get 0)) (i32.const 4))
                         (i32.eq (i32.load8_u (local.get 0)) (i32.const 8))))""",
    # Whatever is no text, or is not empty.
    "not_empty": """
        (i32.or (i32.eqz (i32.or (i32.eq (i32.load8_u (local.get 0)) (i32.const 4))
                                 (i32.eq (i32.load8_u (local.get 0)) (i32.const 8))))
                (i32.ne (i32.load offset=4 (local.get 0)) (i32.const 0)))""",
    # Whatever is no number, or an integer of 32 bits that was computed, or some digits.
    "whole": f"""
        (if (i32.ne (i32.load8_u (local.get 0)) (i32.const 3)) (then (return (i32.const 1))))
        (if (i32.eq (i32.load8_u offset=1 (local.get 0)) (i32.const 1))
            (then (return (i64.eq (i64.load offset=8 (local.get 0))
                                  (i64.extend32_s (i64.load offset=8 (local.get 0)))))))
        (local.set 1 (i32.load offset=8 (local.get 0)))
        (local.set 2 (i32.load offset=12 (local.get 0)))
        (if (i32.gt_u (local.get 2) (i32.const {_LONGEST_WHOLE})) (then (return (i32.const 0))))
        (local.set 2 (i32.add (local.get 1) (local.get 2)))
        (block (loop
            (br_if 1 (i32.ge_u (local.get 1) (local.get 2)))
            (if (i32.and (i32.ne (i32.load8_u (local.get 1)) (i32.const 45))
                         (i32.gt_u (i32.sub (i32.load8_u (local.get 1)) (i32.const 48)) (i32.const 9)))
                (then (return (i32.const 0))))
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br 0)))
        i32.const 1""",
}


def _body(test: str) -> bytes:
    text = f"(module (memory 1) (func (param i32) (result i32) (local i32 i32) {test}))"
    parts = dict(binary.sections(bytes(wasmtime.wat2wasm(text))))
    reader = binary.Reader(parts[binary.CODE])
    reader.number()
    return reader.bytes()


TESTS: Final = {name: _body(test) for name, test in _TESTS.items()}
