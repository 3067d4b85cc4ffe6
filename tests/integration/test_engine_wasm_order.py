"""Sets and objects are gone through in OPA's order, because an array that is made of them shows it."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from actas.engine.wasm.instance import Instance
from engine_support import opa
from wasm_support import module_of

# Each member is what a rule could tell the order from.
SOURCE = """\
package actas.decision

_set := {member | some member in input.members}

decision := {
	"members": [member | some member in _set],
	"last": [member | member := [member | some member in _set][count(_set) - 1]],
	"keys": [key | some key, _ in input.object],
	"pairs": [[key, value] | some key, value in input.object],
	"walked": [path | walk([_set, input.object], [path, _])],
	"sets": [inner | some inner in {{member, other} | some member in input.members; some other in input.few}],
	"objects": [inner |
		some inner in {{"a": member, "b": other} | some member in input.members; some other in input.few}],
	"nested": [[member, key] | some member in _set; some key, _ in input.object],
	"twice": [[one, other] | some one in _set; some other in _set; count([one, other]) == 2],
	"shown": sprintf("%v %v", [_set, input.object]),
	"written": json.marshal([_set, input.object]),
	"united": [member | some member in _set | {0, "z", null}],
	"values": [value | some value in object.union(input.object, {"m": 1})],
}
"""
TEXTS = ["", "a", "b", "aa", "ab", "B", "é", "z\u0301", "\U0001f600", "\uffee", "a\x00", "10", "9"]
NUMBERS = [0, 1, -1, 2, 10, 9, 1.5, -0.5, 2**53 + 1, 2**63, 1e21, 0.1]


def value(draw: random.Random, depth: int = 2) -> Any:
    """Any value of JSON."""
    kind = draw.randrange(8 if depth else 5)
    if kind < 3:
        return draw.choice(TEXTS) + draw.choice(["", "x", "y"])
    if kind == 3:
        return draw.choice(NUMBERS)
    if kind == 4:
        return draw.choice([None, True, False])
    members = [value(draw, depth - 1) for _ in range(draw.randrange(4))]
    return members if kind < 7 else {draw.choice(TEXTS): member for member in members}


def drawn(draw: random.Random) -> dict[str, Any]:
    """One input; now and then with more members than a hash table begins with."""
    few = [value(draw) for _ in range(draw.randrange(3))]
    count = draw.choice([0, 1, 2, 3, 5, 8, 15, 16, 17, 20, 60, 150])
    entries = {draw.choice(TEXTS) + str(draw.randrange(40)): value(draw) for _ in range(count)}
    return {"members": [value(draw) for _ in range(count)], "object": entries, "few": few}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's file."""
    path = tmp_path_factory.mktemp("order") / "decision.rego"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_the_order_is_that_of_opa(source: Path) -> None:
    """Every array that is made of sets and objects, and every text."""
    draw = random.Random(20_270_115)
    asked = [drawn(draw) for _ in range(150)]
    query = "[d | some i in input.all; d := data.actas.decision.decision with input as i]"
    command = [str(opa()), "eval", "--format=raw", "--stdin-input", "--data", str(source), query]
    told = subprocess.run(command, input=json.dumps({"all": asked}), capture_output=True, text=True, check=True)
    instance = Instance(module_of(source.parent, SOURCE), b"{}")

    expected = json.loads(told.stdout)
    assert len(expected) == len(asked)
    for question, their in zip(asked, expected, strict=True):
        ours = json.loads(instance.run(json.dumps(question).encode(), seconds=5.0))[0]["result"]
        assert ours == their


def test_the_first_of_many_is_another_one_only_by_its_value(source: Path) -> None:
    """What the reviewers' rule asked: the fourth of four names, which decided otherwise in a hash table's order."""
    rule = 'package actas.decision\n\ndecision := [t | some t in {t | some t in input.path}][0] == "d"\n'
    instance = Instance(module_of(source.parent, rule), b"{}")

    for path in (["a", "b", "c", "d"], ["d", "c", "b", "a"]):
        assert json.loads(instance.run(json.dumps({"path": path}).encode(), seconds=1.0)) == [{"result": False}]


@pytest.mark.parametrize("count", [3, 15, 16, 60])
def test_members_are_written_in_order(source: Path, count: int) -> None:
    """The text of a decision is the same from both engines, whatever an inbound act or a detail holds."""
    instance = Instance(module_of(source.parent, "package actas.decision\n\ndecision := input.object\n"), b"{}")
    names = [f"{text}{number}" for number in range(count) for text in ("é", "Z", "\U0001f600", "")]
    random.Random(count).shuffle(names)
    inner = {name: [{"b": 1, "a": 2}] for name in names}
    written = json.loads(instance.run(json.dumps({"object": {"z": inner, "a": 1}}).encode(), seconds=5.0))[0]["result"]

    assert list(written) == ["a", "z"]
    assert list(written["z"]) == sorted(names, key=str.encode)
    assert {tuple(member) for (member,) in written["z"].values()} == {("a", "b")}


@pytest.mark.parametrize("index", ["1.0", "1e0", "0.5", "99999999999999999999"])
def test_an_index_that_is_not_plainly_whole_is_no_decision(source: Path, index: str) -> None:
    """OPA finds the second member at 1.0; that none is found must not lose a member of a comprehension."""
    rule = "package actas.decision\n\ndecision := [x | x := input.names[input.index]]\n"
    instance = Instance(module_of(source.parent, rule), b"{}")

    assert json.loads(instance.run(b'{"names": ["a", "b"], "index": 1}', seconds=1.0)) == [{"result": ["b"]}]
    assert json.loads(instance.run(b'{"names": ["a", "b"], "index": 2}', seconds=1.0)) == [{"result": []}]
    with pytest.raises(wasmtime.Trap):
        instance.run(b'{"names": ["a", "b"], "index": %s}' % index.encode(), seconds=1.0)


def test_a_few_thousand_members_are_gone_through_in_time(source: Path) -> None:
    """An evaluation has 0.2 s; an adopter's rule may go through a registry once."""
    rule = "package actas.decision\n\ndecision := count([1 | some _, _ in input.names])\n"
    instance = Instance(module_of(source.parent, rule), b"{}")
    question = json.dumps({"names": {f"https://agents.example.com/{number}": 1 for number in range(5000)}}).encode()
    began = time.thread_time()

    assert json.loads(instance.run(question, seconds=5.0)) == [{"result": 5000}]
    assert time.thread_time() - began < 0.2
