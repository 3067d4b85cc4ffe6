"""Every built-in that a policy may use, with random operands: the value that OPA's interpreter has, or no decision."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from actas.engine.wasm.instance import Instance
from actas.policy.absent import ABSENT
from engine_support import opa
from wasm_support import module_of

ROOT = Path(__file__).resolve().parents[2]
BUILTINS = {
    entry["name"]: entry
    for entry in json.loads((ROOT / "policies" / "capabilities.json").read_text("utf-8"))["builtins"]
    # The language's own, one that is deprecated, and those that the embedded engine refuses.
    if entry["name"] not in {"assign", "eq", "set_diff", *ABSENT}
}
MEMBERSHIP = {"internal.member_2": "a in b", "internal.member_3": "(a, b in c)"}
# Where OPA takes operands that only the embedded engine refuses: fractions such as 1.0 for an index, integers beyond 32
# or 64 bits, empty paths, an empty text to replace, forms of `sprintf`.
STRICTER = {"array.slice", "substring", "format_int", "json.filter", "json.remove", "sprintf", "replace"} | {
    *("ceil", "floor", "round")
}
EMPTY: tuple[Any, ...] = ({"v": []}, {"s": []})
EACH = 40

TEXTS = [
    *(
        "",
        " ",
        "a",
        "b",
        "abc",
        "aba",
        "A",
        "aaa",
        "a,b,,c",
        ",",
        "a\x00b",
        "\x00",
        "a/b",
        "/a/b",
        "a~1b",
        "%d",
        "x" * 300,
    ),
    *(
        "\xe9",
        "e\u0301",
        "\u0130",
        "\u212a",
        "\xdf",
        "\U0001f600x",
        "\ufeffa ",
        "\xa0 a\u2003\u200b",
        "\x85x",
        "\u2028",
    ),
    *("1", "-1", " 1", "1.5", "1e3", "1e400", "1e-400", "0x10", "inf", "NaN", "-0", "1e"),
]
NUMBERS = [
    *(
        0,
        1,
        2,
        3,
        -1,
        5,
        7,
        -7,
        8,
        10,
        16,
        100,
        2**31 - 1,
        2**31,
        -(2**31) - 1,
        2**53 + 1,
        2**63,
        -(2**63),
        2**64,
        10**20,
    ),
    *(1.0, 2.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.1, 0.2, 0.3, 2.675, 999999.5, 1e-7, 123456789.123456789),
    *(1e15, 1e21, 1e22, 1e300, 5e-324),
]
KEYS = ["a", "b", "c", "", "a/b", "0", "1"]


def module() -> str:
    """A decision that gives, for each question, what a built-in gives: one value in a list, or none."""
    rules = []
    for name, entry in BUILTINS.items():
        operands = ["a", "b", "c"][: len(entry["decl"].get("args", []))]
        call = MEMBERSHIP.get(name) or f"{name}({', '.join(operands)})"
        if "infix" in entry:
            call = f"a {entry['infix']} b"
        found = "[found | walk(a, found)]" if name == "walk" else call
        lines = [f'q.f == "{name}"', *(f"{each} := _value(q.o[{at}])" for at, each in enumerate(operands))]
        rules.append("\n\t".join(["_given(q) := x if {", *lines, f"x := {found}"]) + "\n}")
    sets = [
        "_value(o) := o.v",
        "_value(o) := {x | some x in o.s} if o.s",
        "_value(o) := {{y | some y in x} | some x in o.ss} if o.ss",
    ]
    decision = "decision := [[x | x := _given(q)] | some q in input.all]"
    return "\n\n".join(["package actas.decision", decision, *sets, *rules]) + "\n"


def drawn(draw: random.Random, depth: int = 2) -> Any:
    """Any value that JSON can say."""
    kind = draw.random()
    if kind < 0.4 or not depth:
        return draw.choice(TEXTS)
    if kind < 0.65:
        return draw.choice(NUMBERS)
    if kind < 0.72:
        return draw.choice([None, True, False])
    members = [drawn(draw, depth - 1) for _ in range(draw.randrange(4))]
    return members if kind < 0.86 else {draw.choice(KEYS): member for member in members}


def typed(draw: random.Random, kind: dict[str, Any]) -> Any:
    """A value of the type that a built-in declares."""
    match kind["type"]:
        case "string":
            return draw.choice(TEXTS)
        case "number":
            return draw.choice(NUMBERS) if draw.random() < 0.5 else draw.choice(NUMBERS[:10])
        case "array":
            return [typed(draw, kind.get("dynamic", {"type": "any"})) for _ in range(draw.randrange(5))]
        case "object":
            return {draw.choice(KEYS): drawn(draw, 1) for _ in range(draw.randrange(4))}
        case "any" if kind.get("of"):
            return typed(draw, draw.choice(kind["of"]))
    return drawn(draw)


def operand(draw: random.Random, kind: dict[str, Any]) -> dict[str, Any]:
    """What stands for an operand in JSON, which has no sets; every seventh is of any type."""
    if draw.random() < 0.15:
        kind = {"type": "any"}
    if kind["type"] == "any" and kind.get("of"):
        return operand(draw, draw.choice(kind["of"]))
    of = kind.get("of") or {"type": "any"}
    if kind["type"] == "set" and isinstance(of, dict) and of["type"] == "set":
        return {"ss": [[drawn(draw, 1) for _ in range(draw.randrange(3))] for _ in range(draw.randrange(4))]}
    if kind["type"] == "set" or draw.random() < 0.1:
        return {"s": [typed(draw, of) for _ in range(draw.randrange(5))]}
    return {"v": typed(draw, kind)}


def questions(name: str) -> list[dict[str, Any]]:
    """The same in every run."""
    draw = random.Random(f"operands of {name}")
    kinds = BUILTINS[name]["decl"].get("args", [])
    found = [{"f": name, "o": [operand(draw, kind) for kind in kinds]} for _ in range(EACH)]
    # OPA makes the array, however long it gets.
    return [each for each in found if name != "numbers.range" or not re.search(r"\d{4}|e", json.dumps(each["o"]))]


def read(text: str | bytes) -> Any:
    """Every number as the exact value that it says, in an object, so that it is no text."""
    return json.loads(text, parse_float=exact, parse_int=exact)


def exact(number: str) -> dict[str, str]:
    """The value of *number*, which no float would hold."""
    return {"number": str(Fraction(number))}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's file, and its folder."""
    path = tmp_path_factory.mktemp("builtins") / "decision.rego"
    path.write_text(module(), encoding="utf-8")
    return path


def test_no_built_in_is_laxer_than_in_opa(source: Path) -> None:
    """The same value; where OPA has none there is none, and nothing fails where OPA has one but for a known reason."""
    asked = [question for name in BUILTINS for question in questions(name)]
    command = [
        str(opa()),
        "eval",
        "--format=raw",
        "--stdin-input",
        "--data",
        str(source),
        "data.actas.decision.decision",
    ]
    told = subprocess.run(command, input=json.dumps({"all": asked}), capture_output=True, text=True, check=True)
    compiled = module_of(source.parent, source.read_text("utf-8"))
    instance, outcomes, wrong = Instance(compiled, b"{}"), Counter[str](), []
    for question, expected in zip(asked, read(told.stdout), strict=True):
        name = question["f"]
        try:
            found = read(instance.run(json.dumps({"all": [question]}).encode(), seconds=5.0))[0]["result"][0]
        except Exception:
            # Whatever ends an evaluation, there is no decision.
            instance = Instance(compiled, b"{}")
            outcomes["refused" if not expected else "stricter"] += 1
            if expected and name not in STRICTER:
                wrong.append((question, expected, "no decision"))
            continue
        outcomes["answered"] += 1
        if not found and not (name in {"min", "max"} and question["o"][0] in EMPTY):
            wrong.append((question, expected, "undefined, and the evaluation went on"))
        if found != expected:
            wrong.append((question, expected, found))

    assert wrong == []
    assert outcomes["answered"] > len(asked) / 2
    assert outcomes["stricter"] < len(asked) / 25
