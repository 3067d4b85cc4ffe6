"""Collections as OPA's interpreter has them, for modules that OPA compiled.

It goes through a set and through the keys of an object in their order, the module as its hash table has them. The
order is seen wherever an array is made of them: `[name | some name in names][0]` would be another member. And it takes
`1.0` for the index 1, at which the module finds nothing: like any index that is not plainly whole, that is no decision.
"""

from __future__ import annotations

from typing import Final

import wasmtime

from actas.engine.wasm import binary

ITERATE: Final = "opa_value_iter"
COMPARE: Final = "opa_value_compare"
GET: Final = "opa_value_get"

# What comes after the member `prev` (0: before all) is the least of those that are greater. The offsets are those of
# OPA's `value.h`: a set's member is where an object has its key, and its chain goes on one word earlier. This takes
# the square of the number of members: some thousands of them are more than there is time for, and no decision.
_NEXT: Final = """
(module (memory 1)
  (func (param $node i32) (param $prev i32) (result i32) (local $best i32) (local $bucket i32) (local $end i32)
      (local $element i32) (local $member i32) (local $link i32)
    (local.set $link (i32.load8_u (local.get $node)))
    (if (i32.or (i32.eqz (local.get $node))
                (i32.and (i32.ne (local.get $link) (i32.const 6)) (i32.ne (local.get $link) (i32.const 7))))
        (then (return (call {original} (local.get $node) (local.get $prev)))))
    (local.set $link (select (i32.const 8) (i32.const 4) (i32.eq (local.get $link) (i32.const 6))))
    (if (i32.lt_u (i32.load offset=12 (local.get $node)) (i32.const 2))
        (then (return (call {original} (local.get $node) (local.get $prev)))))
    (local.set $bucket (i32.load offset=4 (local.get $node)))
    (local.set $end (i32.add (local.get $bucket) (i32.shl (i32.load offset=8 (local.get $node)) (i32.const 2))))
    (block $all (loop $buckets
      (br_if $all (i32.ge_u (local.get $bucket) (local.get $end)))
      (local.set $element (i32.load (local.get $bucket)))
      (block $chain (loop $elements
        (br_if $chain (i32.eqz (local.get $element)))
        (local.set $member (i32.load (local.get $element)))
        (block $skip
          (if (local.get $prev)
              (then (br_if $skip (i32.le_s (call {compare} (local.get $member) (local.get $prev)) (i32.const 0)))))
          (if (local.get $best)
              (then (br_if $skip (i32.ge_s (call {compare} (local.get $member) (local.get $best)) (i32.const 0)))))
          (local.set $best (local.get $member)))
        (local.set $element (i32.load (i32.add (local.get $element) (local.get $link))))
        (br $elements)))
      (local.set $bucket (i32.add (local.get $bucket) (i32.const 4)))
      (br $buckets)))
    (local.get $best)))
"""

_GET: Final = """
(module (memory 1)
  (func (param $node i32) (param $key i32) (result i32)
    (if (local.get $node)
        (then (if (i32.eq (i32.load8_u (local.get $node)) (i32.const 5))
            (then (if (i32.eqz (call {whole} (local.get $key))) (then unreachable))))))
    (call {original} (local.get $node) (local.get $key))))
"""


def following(*, original: int, compare: int) -> bytes:
    """Write what stands in for *original*, which gives the next member; all are numbers of functions."""
    return _body(_NEXT.format(original=original, compare=compare))


def member(*, original: int, whole: int) -> bytes:
    """Write what stands in for *original*, which looks a key up; *whole* tests numbers."""
    return _body(_GET.format(original=original, whole=whole))


def _body(text: str) -> bytes:
    parts = dict(binary.sections(bytes(wasmtime.wat2wasm(text))))
    reader = binary.Reader(parts[binary.CODE])
    reader.number()
    return reader.bytes()
