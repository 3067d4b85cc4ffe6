"""Collections as OPA's interpreter has them, for modules that OPA compiled.

It goes through a set and through the keys of an object in their order, the module as its hash table has them. The
order is seen wherever an array is made of them: `[name | some name in names][0]` would be another member. And it takes
`1.0` for the index 1, at which the module finds nothing: like any index that is not plainly whole, that is no decision.
"""

from __future__ import annotations

from typing import Final

from actas.engine.wasm import binary

ITERATE: Final = "opa_value_iter"
COMPARE: Final = "opa_value_compare"
GET: Final = "opa_value_get"
MALLOC: Final = "opa_malloc"

# From how many members on they are put in order once, when the first one is asked for.
_MANY: Final = 16

# The offsets are those of OPA's `value.h`: a set's member is where an object has its key, and its chain goes on one
# word earlier. Of a few members the one after `prev` (0: before all) is the least of those that are greater. Many are
# put in order when the first is asked for: `sorted` holds them then, and `node` whose they are. Whoever goes through
# another large collection meanwhile takes that place, and what is left is found as if there were few.
_NEXT: Final = """
(module (memory 1)
  (func (param $node i32) (param $prev i32) (result i32) (local $best i32) (local $bucket i32) (local $end i32)
      (local $element i32) (local $member i32) (local $link i32) (local $count i32) (local $low i32) (local $high i32)
      (local $array i32) (local $middle i32)
    (if (i32.eqz (local.get $node)) (then (return (i32.const 0))))
    (local.set $link (i32.load8_u (local.get $node)))
    (if (i32.and (i32.ne (local.get $link) (i32.const 6)) (i32.ne (local.get $link) (i32.const 7)))
        (then (return (call {original} (local.get $node) (local.get $prev)))))
    (local.set $link (select (i32.const 8) (i32.const 4) (i32.eq (local.get $link) (i32.const 6))))
    (local.set $count (i32.load offset=12 (local.get $node)))
    (if (i32.lt_u (local.get $count) (i32.const 2))
        (then (return (call {original} (local.get $node) (local.get $prev)))))
    (local.set $bucket (i32.load offset=4 (local.get $node)))
    (local.set $end (i32.add (local.get $bucket) (i32.shl (i32.load offset=8 (local.get $node)) (i32.const 2))))
    (if (i32.ge_u (local.get $count) (i32.const {many})) (then
      (if (local.get $prev) (then
        (if (i32.eq (global.get {node}) (local.get $node)) (then
          (local.set $array (global.get {sorted}))
          (local.set $high (i32.add (local.get $array) (i32.shl (local.get $count) (i32.const 2))))
          (block $gone (loop $places
            (br_if $gone (i32.ge_u (local.get $array) (local.get $high)))
            (local.set $member (i32.load (local.get $array)))
            (local.set $array (i32.add (local.get $array) (i32.const 4)))
            (br_if $places (i32.ne (local.get $member) (local.get $prev)))
            (if (i32.eq (local.get $array) (local.get $high)) (then (return (i32.const 0))))
            (return (i32.load (local.get $array)))))))))
      (if (i32.eqz (local.get $prev)) (then
        (local.set $array (call {malloc} (i32.shl (local.get $count) (i32.const 2))))
        (local.set $count (i32.const 0))
        (block $all (loop $buckets
          (br_if $all (i32.ge_u (local.get $bucket) (local.get $end)))
          (local.set $element (i32.load (local.get $bucket)))
          (block $chain (loop $elements
            (br_if $chain (i32.eqz (local.get $element)))
            (local.set $member (i32.load (local.get $element)))
            (local.set $low (i32.const 0))
            (local.set $high (local.get $count))
            (block $found (loop $halves
              (br_if $found (i32.ge_u (local.get $low) (local.get $high)))
              (local.set $middle (i32.shr_u (i32.add (local.get $low) (local.get $high)) (i32.const 1)))
              (if (i32.lt_s (call {compare}
                      (i32.load (i32.add (local.get $array) (i32.shl (local.get $middle) (i32.const 2))))
                      (local.get $member)) (i32.const 0))
                (then (local.set $low (i32.add (local.get $middle) (i32.const 1))))
                (else (local.set $high (local.get $middle))))
              (br $halves)))
            (local.set $middle (local.get $count))
            (block $moved (loop $moves
              (br_if $moved (i32.le_u (local.get $middle) (local.get $low)))
              (local.set $best (i32.add (local.get $array) (i32.shl (local.get $middle) (i32.const 2))))
              (i32.store (local.get $best) (i32.load (i32.sub (local.get $best) (i32.const 4))))
              (local.set $middle (i32.sub (local.get $middle) (i32.const 1)))
              (br $moves)))
            (i32.store (i32.add (local.get $array) (i32.shl (local.get $low) (i32.const 2))) (local.get $member))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $element (i32.load (i32.add (local.get $element) (local.get $link))))
            (br $elements)))
          (local.set $bucket (i32.add (local.get $bucket) (i32.const 4)))
          (br $buckets)))
        (if (i32.ne (local.get $count) (i32.load offset=12 (local.get $node))) (then unreachable))
        (global.set {node} (local.get $node))
        (global.set {sorted} (local.get $array))
        (return (i32.load (local.get $array)))))))
    (local.set $best (i32.const 0))
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


def following(*, original: int, compare: int, malloc: int, first_global: int) -> bytes:
    """Write what stands in for *original*, which gives the next member.

    All are numbers of functions, but the one of the first of two globals that it needs.
    """
    places = {"node": first_global, "sorted": first_global + 1}
    return binary.body(_NEXT.format(original=original, compare=compare, malloc=malloc, many=_MANY, **places))


def member(*, original: int, whole: int) -> bytes:
    """Write what stands in for *original*, which looks a key up; *whole* tests numbers."""
    return binary.body(_GET.format(original=original, whole=whole))
