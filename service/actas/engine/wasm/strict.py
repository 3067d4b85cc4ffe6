"""Strict built-in errors for modules that OPA compiled, which knows them for its own interpreter only.

A built-in that fails gives no value there, so that whatever asked for it is undefined: a comprehension then loses a
member in silence, and a limit that is the least of several values loses one. Here a built-in without a value ends the
evaluation, and there is no decision, as in the sidecar with `strict-builtin-errors`.
"""

from __future__ import annotations

from actas.engine.wasm import binary
from actas.errors import ActivationError, Problem

# The functions of OPA's module that give no value when an operand is of the wrong type or cannot be worked with, and
# never otherwise. `min` and `max` are not here: they have no value for nothing, which is no error. Comparisons,
# membership and type tests always have a value.
STRICT = (
    *("opa_arith_plus", "opa_arith_minus", "opa_arith_multiply", "opa_arith_divide", "opa_arith_rem"),
    *("opa_arith_abs", "opa_arith_round", "opa_arith_ceil", "opa_arith_floor"),
    *("opa_array_concat", "opa_array_flatten", "opa_array_reverse", "opa_array_slice"),
    *("opa_set_diff", "opa_set_intersection", "opa_set_union", "opa_sets_intersection", "opa_sets_union"),
    *("opa_agg_count", "opa_agg_sum", "opa_agg_product", "opa_agg_sort"),
    *("builtin_object_filter", "builtin_object_get", "builtin_object_keys", "builtin_object_remove"),
    *("builtin_object_union", "builtin_object_union_n", "builtin_json_remove", "builtin_json_filter"),
    *("opa_strings_concat", "opa_strings_format_int", "opa_strings_indexof", "opa_strings_substring"),
    *("opa_strings_lower", "opa_strings_upper", "opa_strings_contains", "opa_strings_startswith"),
    *("opa_strings_endswith", "opa_strings_reverse", "opa_strings_split", "opa_strings_replace"),
    *("opa_strings_trim", "opa_strings_trim_left", "opa_strings_trim_prefix", "opa_strings_trim_right"),
    *("opa_strings_trim_suffix", "opa_strings_trim_space"),
    *("opa_numbers_range", "opa_to_number", "builtin_graph_reachable"),
)
_ALWAYS = "opa_json_parse"
_LOCAL_GET, _LOCAL_TEE, _CALL, _IF, _UNREACHABLE, _END = 0x20, 0x22, 0x10, 0x04, 0x00, 0x0B
_EQZ, _NO_RESULT, _I32 = 0x45, 0x40, 0x7F


def strict(module: bytes) -> bytes:
    """Let every built-in without a value trap.

    Each one's body moves to a new function at the end, and what remains in its place calls that and looks.

    Raises:
        ActivationError: it is no module of OPA's, or one without names.

    """
    try:
        return _rewritten(module)
    except (ValueError, LookupError) as error:
        raise ActivationError([Problem(f"the policy compiled to WebAssembly is not as expected: {error}")]) from None


def _rewritten(module: bytes) -> bytes:
    parts = binary.sections(module)
    content = {kind: part for kind, part in parts if kind != binary.CUSTOM}
    names = {name: at for kind, part in parts if kind == binary.CUSTOM for name, at in binary.function_names(part)}
    if _ALWAYS not in names:
        raise LookupError("it has no names")
    imported = binary.imported_functions(content[binary.IMPORT])
    parameters = binary.parameter_counts(content[binary.TYPE])
    types, bodies = binary.Reader(content[binary.FUNCTION]), binary.Reader(content[binary.CODE])
    kinds = [types.number() for _ in range(types.number())]
    code = [bodies.bytes() for _ in range(bodies.number())]
    # OPA drops the names of functions that nothing calls.
    for name in filter(names.__contains__, STRICT):
        place = names[name] - imported
        kinds.append(kinds[place])
        code.append(code[place])
        code[place] = _guard(parameters[kinds[place]], imported + len(code) - 1)
    changed = {
        binary.FUNCTION: binary.vector([binary.number(kind) for kind in kinds]),
        binary.CODE: binary.vector([binary.number(len(body)) + body for body in code]),
    }
    return binary.joined([(kind, changed.get(kind, part)) for kind, part in parts])


def _guard(parameters: int, function: int) -> bytes:
    """Write a body that passes its parameters on to *function* and traps when that gives nothing."""
    operands = b"".join(bytes([_LOCAL_GET]) + binary.number(at) for at in range(parameters))
    result = binary.number(parameters)
    return (
        bytes([1, 1, _I32])  # one more local
        + operands
        + bytes([_CALL])
        + binary.number(function)
        + bytes([_LOCAL_TEE])
        + result
        + bytes([_EQZ, _IF, _NO_RESULT, _UNREACHABLE, _END, _LOCAL_GET])
        + result
        + bytes([_END])
    )
