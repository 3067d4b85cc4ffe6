"""Strict built-in errors for modules that OPA compiled, which knows them for its own interpreter only.

A built-in that fails gives no value there, so that whatever asked for it is undefined: a comprehension then loses a
member in silence, and a limit that is the least of several values loses one. Here a built-in without a value ends the
evaluation, and there is no decision, as in the sidecar with `strict-builtin-errors`.

For some operands the module has a value where OPA's interpreter fails, or another one. Those go to the host.
"""

from __future__ import annotations

from actas.engine.wasm import binary, order, texts
from actas.engine.wasm.builtins import HOST, HOSTED
from actas.engine.wasm.operands import TESTS
from actas.errors import ActivationError, Problem

# The functions of OPA's module that give no value when an operand is of the wrong type or cannot be worked with, and
# never otherwise. `min` and `max` have no value for nothing, which is no error, and are not here: what else they have
# none for goes to the host. Comparisons, membership and type tests always have a value.
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
_HOSTED = tuple(name for name in HOSTED if name not in HOST)
# The module numbers the built-ins that it does not have from zero on.
HOSTED_NUMBER = {name: number for number, name in enumerate(_HOSTED, start=1 << 16)}
# By function of the module: the built-in, and what each operand must be for the module to be asked.
_BY_HOST: dict[str, tuple[str, tuple[str, ...]]] = {
    "opa_arith_plus": ("plus", ("whole", "whole")),
    "opa_arith_minus": ("minus", ("whole", "whole")),
    "opa_arith_multiply": ("mul", ("whole", "whole")),
    "opa_arith_divide": ("div", ("never", "never")),
    "opa_arith_rem": ("rem", ("whole", "whole")),
    "opa_arith_abs": ("abs", ("whole",)),
    "opa_arith_round": ("round", ("whole",)),
    "opa_arith_ceil": ("ceil", ("whole",)),
    "opa_arith_floor": ("floor", ("whole",)),
    "opa_agg_sum": ("sum", ("never",)),
    "opa_agg_product": ("product", ("never",)),
    "opa_agg_min": ("min", ("members",)),
    "opa_agg_max": ("max", ("members",)),
    "opa_to_number": ("to_number", ("no_text",)),
    "opa_strings_concat": ("concat", ("any", "no_set")),
    "opa_strings_replace": ("replace", ("any", "not_empty", "any")),
    "opa_strings_indexof": ("indexof", ("any", "not_empty")),
    "builtin_object_union_n": ("object.union_n", ("filled",)),
}
_MAY_BE_NOTHING = ("opa_agg_min", "opa_agg_max")
_ALWAYS = "opa_json_parse"
_LOCAL_GET, _LOCAL_TEE, _CALL, _IF, _UNREACHABLE, _END = 0x20, 0x22, 0x10, 0x04, 0x00, 0x0B
_EQZ, _NO_RESULT, _I32, _CONST, _AND, _ELSE = 0x45, 0x40, 0x7F, 0x41, 0x71, 0x05


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
    first, hosts = imported + len(code), binary.import_numbers(content[binary.IMPORT])
    code += TESTS.values()
    kinds += [binary.one_to_one(content[binary.TYPE])] * len(TESTS)
    tests = {name: first + at for at, name in enumerate(TESTS)}
    # OPA drops the names of functions that nothing calls.
    for name in filter(names.__contains__, (*STRICT, *_MAY_BE_NOTHING)):
        place = names[name] - imported
        kinds.append(kinds[place])
        code.append(code[place])
        count = parameters[kinds[place]]
        asked = _call(imported + len(code) - 1, count)
        if name in _BY_HOST:
            builtin, wanted = _BY_HOST[name]
            number = HOSTED_NUMBER[builtin]
            asked = _either([tests[test] for test in wanted], asked, _host(hosts[f"opa_builtin{count}"], number, count))
        code[place] = _guard(count, asked, optional=name in _MAY_BE_NOTHING)
    for name, faster in ((texts.HASH, texts.hashed), (texts.COMPARE, texts.compared)):
        place, original = names[name] - imported, imported + len(code)
        kinds.append(kinds[place])
        code.append(code[place])
        code[place] = faster(original=original)
    for name in (order.ITERATE, order.GET):
        place, original = names[name] - imported, imported + len(code)
        kinds.append(kinds[place])
        code.append(code[place])
        if name == order.GET:
            code[place] = order.member(original=original, whole=tests["whole"])
        else:
            code[place] = order.following(
                original=original,
                compare=names[order.COMPARE],
                malloc=names[order.MALLOC],
                first_global=binary.Reader(content[binary.GLOBAL]).number(),
            )
    changed = {
        binary.GLOBAL: binary.two_more_globals(content[binary.GLOBAL]),
        binary.FUNCTION: binary.vector([binary.number(kind) for kind in kinds]),
        binary.CODE: binary.vector([binary.number(len(body)) + body for body in code]),
    }
    return binary.joined([(kind, changed.get(kind, part)) for kind, part in parts])


def _call(function: int, parameters: int) -> bytes:
    operands = b"".join(bytes([_LOCAL_GET]) + binary.number(at) for at in range(parameters))
    return operands + bytes([_CALL]) + binary.number(function)


def _host(function: int, number: int, parameters: int) -> bytes:
    """Call the host's built-in *number*, without a context."""
    constants = bytes([_CONST]) + binary.signed(number) + bytes([_CONST, 0])
    return constants + _call(function, parameters)


def _either(tests: list[int], then: bytes, otherwise: bytes) -> bytes:
    """Do *then* if each parameter passes its test."""
    asked = b"".join(
        bytes([_LOCAL_GET]) + binary.number(at) + bytes([_CALL]) + binary.number(test) for at, test in enumerate(tests)
    )
    both = bytes([_AND] * (len(tests) - 1))
    return asked + both + bytes([_IF, _I32]) + then + bytes([_ELSE]) + otherwise + bytes([_END])


def _guard(parameters: int, asked: bytes, *, optional: bool) -> bytes:
    """Write a body that does what *asked* says and traps when that gives nothing, unless it is *optional*."""
    if optional:
        return bytes([0]) + asked + bytes([_END])
    result = binary.number(parameters)
    return (
        bytes([1, 1, _I32])  # one more local
        + asked
        + bytes([_LOCAL_TEE])
        + result
        + bytes([_EQZ, _IF, _NO_RESULT, _UNREACHABLE, _END, _LOCAL_GET])
        + result
        + bytes([_END])
    )
