"""The embedded engine on modules that the real OPA compiled: answers, limits, recovery."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from actas.decision import Effect
from actas.engine.wasm import WasmModule
from actas.errors import ActivationError, EngineError, Status
from engine_support import REVISION
from wasm_support import DATA, embedded, module_of, reason, refused, saying

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> WasmModule:
    """The tiny policy."""
    return module_of(tmp_path_factory.mktemp("tiny"))


async def test_a_question_is_answered_from_the_checked_revision(tiny: WasmModule) -> None:
    """One request, one total answer that names its revision; nothing of one request is left for the next."""
    engine = await embedded(tiny)
    result = await engine.evaluate({"name": "a"}, timeout=5.0)

    assert (result.revision, result.effect, result.denials[0].reason) == (REVISION, Effect.DENY, "a")
    assert (await reason(engine), await reason(engine, name="b")) == ("", "b")
    assert engine.health().ok
    assert (engine.revision, engine.bundle_digest) == (REVISION, "sha256:0")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ({"revision": "another"}, "ENGINE_REVISION_CHANGED"),
        ({"effect": "ALLOW"}, "ENGINE_ILL_TYPED_ANSWER"),
        ({"surplus": 1}, "ENGINE_ILL_TYPED_ANSWER"),
    ],
)
async def test_an_answer_that_is_not_total_and_typed_is_an_error(
    tiny: WasmModule, override: dict[str, Any], told: str
) -> None:
    """What is no complete answer of this revision is no decision, and the next one is made."""
    errors: list[str] = []
    engine = await embedded(tiny, on_error=errors.append)
    error = await refused(engine, {"override": override})

    assert (error.status, error.reason, errors) == (Status.INTERNAL, told, [told])
    assert await reason(engine, name="next") == "next"


async def test_an_undefined_decision_is_an_error(tmp_path: Path) -> None:
    """No value is never a decision."""
    engine = await embedded(module_of(tmp_path, "package actas.decision\n\ndecision := 1 if input.never\n"))
    assert (await refused(engine, {})).reason == "ENGINE_NO_ANSWER"


@pytest.mark.parametrize("text", ["\ud800", float("nan"), float("inf"), {1, 2}])
async def test_an_input_that_json_cannot_say_is_an_error(tiny: WasmModule, text: object) -> None:
    """The policy must not decide on a replacement of what was asked."""
    assert (await refused(await embedded(tiny), {"name": text})).reason == "ENGINE_BAD_INPUT"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a\x00b",
        '\x7f\x1f\\"/\u2028\ufeff\U0001f600',
        "e\u0301",
        2**53 + 1,
        -(2**63),
        10**40,
        1.5,
        1e300,
        [{}],
        {"": None},
    ],
)
async def test_a_value_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """Zeros in texts, digits beyond a float's, and members without a name survive."""
    module = module_of(tmp_path_factory.mktemp("echo"), saying('""').replace('"act": null', '"act": {"it": input.it}'))
    act = (await (await embedded(module)).evaluate({"it": value}, timeout=5.0)).act

    assert json.dumps(act) == json.dumps({"it": value})


async def test_a_conflict_is_no_decision_and_its_instance_is_not_used_again(tmp_path: Path) -> None:
    """Two values of one rule end the evaluation in the middle, so what is in the memory then counts for nothing."""
    conflict = '_name := "one" if input.name\n\n_name := "two" if input.both'
    engine = await embedded(module_of(tmp_path, saying("_name", conflict)))
    assert engine._instance is not None
    before = engine._instance._exports
    error = await refused(engine, {"name": "x", "both": True})

    assert (error.status, error.reason) == (Status.INTERNAL, "ENGINE_FAILED")
    assert await reason(engine, name="x") == "one"
    assert engine._instance._exports is not before


async def test_a_built_in_of_the_host_that_fails_is_no_decision(tmp_path: Path) -> None:
    """As under strict built-in errors in OPA; with the right operand it answers."""
    engine = await embedded(
        module_of(tmp_path, saying('sprintf("%d of %v", [count(indexof_n(input.a, "b")), input.a])'))
    )

    assert (await refused(engine, {"a": 5})).reason == "ENGINE_FAILED"
    assert await reason(engine, a="abcb") == "2 of abcb"


async def test_a_deep_input_ends_as_an_error_or_an_answer(tiny: WasmModule) -> None:
    """Recursion in the module ends before the stack of this process does."""
    engine = await embedded(tiny)
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]

    assert await reason(engine, name="a", deep=deep) == "a"


async def test_an_unknown_built_in_is_refused_at_the_start(tmp_path: Path) -> None:
    """A module that asks its host for what is not there decides nothing."""
    with pytest.raises(ActivationError, match=r"no built-in semver\.compare"):
        await embedded(module_of(tmp_path, saying('sprintf("%v", [semver.compare(input.a, input.b)])')))


async def test_a_file_that_is_no_module_is_refused() -> None:
    """Whatever is not what OPA compiled does not start."""
    with pytest.raises(ActivationError):
        WasmModule.compiled(b"\x00asm nothing")
    with pytest.raises(ActivationError):
        WasmModule.compiled(b"\x00asm\x01\x00\x00\x00")


async def test_data_that_do_not_fit_are_refused(tiny: WasmModule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data beyond the memory of an instance end its start with a sentence."""
    monkeypatch.setattr("actas.engine.wasm.instance.WORKING_BYTES", 0)
    monkeypatch.setattr("actas.engine.wasm.instance.MEMORY_PER_DATA_BYTE", 2)
    with pytest.raises(EngineError, match=r"1 MiB of JSON, do not fit into the 2 MiB of memory .* --engine sidecar"):
        await embedded(tiny, {"many": list(range(200_000))})


async def test_a_checking_engine_answers_over_other_data(tmp_path: Path) -> None:
    """One question's data are gone with its answer, and do not mix with the revision's own."""
    engine = await embedded(
        module_of(tmp_path, saying("_name", '_name := data.mine.name if data.mine\n\nelse := "none"'))
    )
    other = {**DATA, "mine": {"name": "other"}}

    results = await asyncio.gather(*(engine.evaluate_with({}, given, timeout=5.0) for given in [other, None] * 20))
    assert [result.denials[0].reason for result in results] == ["other", "none"] * 20
    assert await reason(engine) == "none"


async def test_a_closed_engine_answers_nothing(tiny: WasmModule) -> None:
    """Nobody gets a decision of a revision that has been drained."""
    engine = await embedded(tiny)
    await engine.close()

    assert not engine.health().ok
    assert "closed" in (await refused(engine, {})).message
