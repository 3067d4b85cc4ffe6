"""The sidecar engine on a real OPA child: answers, isolation, secrets, life and death."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from actas.decision import Effect
from actas.engine import process as process_module
from actas.engine.process import OpaProcess
from actas.engine.sidecar import SidecarEngine
from actas.engine.supervisor import ManagedOpa
from actas.errors import EngineError, Status
from engine_support import REVISION, build_bundle, opa, start_engine

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SidecarEngine]:
    """A serving engine."""
    running = await start_engine(tmp_path)
    yield running
    await running.close()


def child(engine: SidecarEngine) -> OpaProcess:
    """The OPA process behind an engine."""
    assert isinstance(engine.source, ManagedOpa)
    return engine.source.process


async def test_a_question_is_answered_from_the_checked_revision(engine: SidecarEngine) -> None:
    """One request, one total answer that names its revision."""
    result = await engine.evaluate({"name": "a"}, timeout=5.0)
    assert (result.revision, result.effect, result.denials[0].reason) == (REVISION, Effect.DENY, "a")
    assert engine.health().ok


async def test_everybody_in_a_batch_gets_their_own_answer(tmp_path: Path) -> None:
    """200 concurrent callers share a few calls and no answer is mixed up."""
    sizes: list[int] = []
    engine = await start_engine(tmp_path, on_batch=sizes.append)
    results = await asyncio.gather(*(engine.evaluate({"name": f"n{n}"}, timeout=5.0) for n in range(200)))
    await engine.close()
    assert [result.denials[0].reason for result in results] == [f"n{n}" for n in range(200)]
    assert len(sizes) < 20


async def test_a_strict_builtin_error_fails_alone_and_is_counted(tmp_path: Path) -> None:
    """The poisonous request gets INTERNAL, its neighbours their decisions."""
    errors: list[str] = []
    engine = await start_engine(tmp_path, on_error=errors.append)
    questions: list[dict[str, Any]] = [{"name": str(n)} for n in range(30)]
    questions[11] = {"name": "11", "poison": "not a number"}
    answers = await asyncio.gather(*(engine.evaluate(q, timeout=5.0) for q in questions), return_exceptions=True)
    await engine.close()
    bad = answers.pop(11)
    assert isinstance(bad, EngineError)
    assert (bad.status, bad.reason) == (Status.INTERNAL, "ENGINE_FAILED")
    assert "not a number" not in str(bad)
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert errors == ["ENGINE_FAILED"]


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ({"revision": "another"}, "ENGINE_REVISION_CHANGED"),
        ({"effect": "ALLOW"}, "ENGINE_ILL_TYPED_ANSWER"),
        ({"effect": True}, "ENGINE_ILL_TYPED_ANSWER"),
        ({"surplus": 1}, "ENGINE_ILL_TYPED_ANSWER"),
    ],
)
async def test_an_answer_that_is_not_total_and_typed_is_an_error(
    engine: SidecarEngine, override: dict[str, Any], reason: str
) -> None:
    """In a single call and in a batch, where the neighbours are unharmed."""
    questions: list[dict[str, Any]] = [{"name": "good"}, {"name": "bad", "override": override}, {"name": "good"}]
    for asked in (questions, questions[1:2]):
        answers = await asyncio.gather(*(engine.evaluate(q, timeout=5.0) for q in asked), return_exceptions=True)
        errors = [answer for answer in answers if isinstance(answer, EngineError)]
        assert [(error.status, error.reason) for error in errors] == [(Status.INTERNAL, reason)]


@pytest.mark.parametrize("text", ["\ud800", float("nan"), float("inf"), {1, 2}])
async def test_an_input_that_json_cannot_say_is_an_error(engine: SidecarEngine, text: object) -> None:
    """OPA must not decide on a replacement of what was asked."""
    with pytest.raises(EngineError) as caught:
        await engine.evaluate({"name": text}, timeout=5.0)
    assert caught.value.reason == "ENGINE_BAD_INPUT"


async def test_an_undefined_decision_is_an_error(tmp_path: Path) -> None:
    """HTTP 200 with `{}` is what OPA says for a wrong path; never a decision."""
    bundle = build_bundle(tmp_path, {"actas/decision/decision.rego": "package actas.decision\n\nother := 1\n"})
    engine = await SidecarEngine.start(bundle, revision=REVISION, digest="", opa=opa())
    answers = await asyncio.gather(*(engine.evaluate({}, timeout=5.0) for _ in range(3)), return_exceptions=True)
    await engine.close()
    assert {getattr(answer, "reason", "decided") for answer in answers} == {"ENGINE_NO_ANSWER"}


async def test_a_slow_question_ends_at_its_deadline(engine: SidecarEngine) -> None:
    """The caller's time limit reaches through to OPA, and the next caller is served."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(EngineError) as caught:
        await engine.evaluate({"slow": 100_000_000}, timeout=0.2)
    assert caught.value.reason == "ENGINE_TIMEOUT"
    assert asyncio.get_running_loop().time() - began < 1.0
    assert (await engine.evaluate({"name": "next"}, timeout=5.0)).denials[0].reason == "next"


async def test_a_checking_engine_answers_against_other_data(tmp_path: Path) -> None:
    """Only a checking engine admits the testing entrypoint."""
    checking = await start_engine(tmp_path, checking=True)
    with_data = await checking.evaluate_with({}, {"name": "other"}, timeout=5.0)
    without = await checking.evaluate_with({}, None, timeout=5.0)
    await checking.close()
    assert (with_data.denials[0].reason, without.denials[0].reason) == ("other", "no data")


async def test_a_serving_engine_refuses_the_testing_entrypoint(engine: SidecarEngine) -> None:
    """Even if a bundle had it, `data` overrides cannot be reached."""
    with pytest.raises(EngineError) as caught:
        await engine.evaluate_with({}, None, timeout=5.0)
    assert caught.value.reason == "ENGINE_REFUSED"


async def test_a_taken_port_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another process may take the port between choosing it and OPA's start."""
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    ports = [taken.sockets[0].getsockname()[1], process_module._free_port()]
    monkeypatch.setattr(process_module, "_free_port", lambda: ports.pop(0))
    engine = await start_engine(tmp_path)
    assert (await engine.evaluate({"name": "a"}, timeout=5.0)).denials[0].reason == "a"
    assert ports == []
    await engine.close()
    taken.close()


async def test_a_missing_binary_or_bundle_or_a_broken_bundle_is_named(tmp_path: Path) -> None:
    """The start error says what and where."""
    bundle = build_bundle(tmp_path)
    with pytest.raises(EngineError, match=r"no OPA binary at .*/nowhere"):
        await SidecarEngine.start(bundle, revision=REVISION, digest="", opa=tmp_path / "nowhere")
    with pytest.raises(EngineError, match=r"no policy bundle at .*absent"):
        await SidecarEngine.start(tmp_path / "absent", revision=REVISION, digest="", opa=opa())
    bundle.write_bytes(b"this is not a tarball")
    with pytest.raises(EngineError, match=r"bundle\.tar\.gz"):
        await SidecarEngine.start(bundle, revision=REVISION, digest="", opa=opa())


async def test_closing_answers_what_is_in_flight_and_stops_opa(tmp_path: Path) -> None:
    """A drained engine loses nobody and leaves no process."""
    engine = await start_engine(tmp_path)
    asked = [asyncio.create_task(engine.evaluate({"slow": 30_000, "name": str(n)}, timeout=5.0)) for n in range(5)]
    await asyncio.sleep(0.02)
    await engine.close()
    assert [result.denials[0].reason for result in await asyncio.gather(*asked)] == list("01234")
    assert child(engine).exited
    assert not engine.health().ok
    with pytest.raises(EngineError, match="closed"):
        await engine.evaluate({}, timeout=5.0)
