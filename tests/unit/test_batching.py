"""Group batching: everybody gets the answer to their own question, in time or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from actas.engine.batching import MAX_BATCH, Batcher
from actas.errors import EngineError, Status

pytestmark = pytest.mark.asyncio

Question = Mapping[str, Any]


class Oracle:
    """Answers `{"n": 1}` with 1 when the gate is open; `{"poison": …}` breaks the call that carries it."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.sizes: list[int] = []
        self.timeouts: list[float] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.failure: Exception | None = None

    def batcher(self, *, call_timeout: float = 5.0, max_in_flight: int = 1) -> Batcher:
        """A batcher that asks this oracle."""
        return Batcher(
            self.one, self.many, call_timeout=call_timeout, on_batch=self.sizes.append, max_in_flight=max_in_flight
        )

    async def one(self, question: Question, timeout: float) -> Any:
        """Answer a single question."""
        return (await self.many({"only": question}, timeout))["only"]

    async def many(self, questions: Mapping[str, Question], timeout: float) -> dict[str, Any]:
        """Answer many questions."""
        self.timeouts.append(timeout)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            async with asyncio.timeout(timeout):
                await self.gate.wait()
                await asyncio.sleep(0.001)
        except TimeoutError:
            raise EngineError("late", reason="ENGINE_TIMEOUT") from None
        finally:
            self.in_flight -= 1
        if self.failure is not None:
            raise self.failure
        if any("poison" in question for question in questions.values()):
            raise EngineError("poison", status=Status.INTERNAL, reason="ENGINE_FAILED")
        return {id_: question["n"] for id_, question in questions.items()}


async def ask_all(batcher: Batcher, questions: list[Question], timeout: float = 5.0) -> list[Any]:
    """Ask everything at once."""
    return await asyncio.gather(*(batcher.ask(q, timeout=timeout) for q in questions), return_exceptions=True)


async def test_a_lone_caller_does_not_wait_for_company() -> None:
    """A single question is a single call."""
    oracle = Oracle()
    assert await oracle.batcher().ask({"n": 7}, timeout=1.0) == 7
    assert oracle.sizes == [1]


async def test_requests_that_arrive_during_a_call_share_the_next_one() -> None:
    """One call is in flight; what waits meanwhile becomes one batch."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.gate.clear()
    first = asyncio.create_task(batcher.ask({"n": 0}, timeout=5.0))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(batcher.ask({"n": n}, timeout=5.0)) for n in range(1, 11)]
    await asyncio.sleep(0.01)
    oracle.gate.set()
    assert await asyncio.gather(first, *rest) == list(range(11))
    assert oracle.sizes == [1, 10]
    assert oracle.most_in_flight == 1


async def test_a_batch_is_bounded_and_everybody_gets_their_own_answer() -> None:
    """No call is larger than the bound, and no answer goes to another caller."""
    oracle = Oracle()
    answers = await ask_all(oracle.batcher(), [{"n": n} for n in range(500)])
    assert answers == list(range(500))
    assert max(oracle.sizes) == MAX_BATCH


async def test_no_more_calls_are_in_flight_than_allowed() -> None:
    """The limit on calls in flight holds under load."""
    oracle = Oracle()
    await ask_all(oracle.batcher(max_in_flight=2), [{"n": n} for n in range(500)])
    assert oracle.most_in_flight <= 2


async def test_calls_in_flight_share_the_work() -> None:
    """With two slots, what waits is divided between them instead of sent to one core."""
    oracle = Oracle()
    answers = await ask_all(oracle.batcher(max_in_flight=2), [{"n": n} for n in range(32)])
    assert answers == list(range(32))
    assert oracle.sizes == [16, 16]
    assert oracle.most_in_flight == 2


async def test_a_poisonous_request_fails_alone() -> None:
    """When a batch fails as a whole, its neighbours are asked again, one by one."""
    oracle = Oracle()
    questions: list[Question] = [{"n": n} for n in range(20)]
    questions[7] = {"poison": True}
    answers = await ask_all(oracle.batcher(), questions)
    assert isinstance(answers.pop(7), EngineError)
    assert answers == [n for n in range(20) if n != 7]


@pytest.mark.parametrize("wrong", [{}, {"0": 1}, {"0": 1, "1": 2, "2": 3}, [1, 2], None])
async def test_an_answer_to_another_set_of_ids_is_never_distributed(wrong: object) -> None:
    """Unless every id has exactly one answer, the items are asked singly."""
    oracle = Oracle()
    asked_singly: list[Any] = []

    async def one(question: Question, timeout: float) -> Any:
        asked_singly.append(question["n"])
        return question["n"]

    async def many(questions: Mapping[str, Question], timeout: float) -> Any:
        return wrong

    batcher = Batcher(one, many, call_timeout=1.0, on_batch=oracle.sizes.append)
    assert await ask_all(batcher, [{"n": 0}, {"n": 1}]) == [0, 1]
    assert asked_singly == [0, 1]


async def test_an_engine_that_is_gone_is_not_asked_item_by_item() -> None:
    """Callers learn at once that OPA is down."""
    oracle = Oracle()
    oracle.failure = EngineError("down")
    answers = await ask_all(oracle.batcher(), [{"n": n} for n in range(10)])
    assert all(isinstance(answer, EngineError) and answer.reason == "ENGINE_UNAVAILABLE" for answer in answers)
    assert len({id(answer) for answer in answers}) == 10
    assert oracle.sizes == [10]


async def test_an_impatient_caller_does_not_wait_for_the_others() -> None:
    """Each caller's own deadline holds, even inside a batch."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.gate.clear()
    patient = asyncio.create_task(batcher.ask({"n": 1}, timeout=5.0))
    with pytest.raises(EngineError) as caught:
        await batcher.ask({"n": 2}, timeout=0.05)
    assert (caught.value.status, caught.value.reason) == (Status.UNAVAILABLE, "ENGINE_TIMEOUT")
    oracle.gate.set()
    assert await patient == 1


async def test_a_call_takes_no_longer_than_its_most_patient_caller_and_the_bound() -> None:
    """The time limit of a call is the latest deadline in it, but never above the engine's own."""
    oracle = Oracle()
    await oracle.batcher(call_timeout=5.0).ask({"n": 1}, timeout=0.5)
    await oracle.batcher(call_timeout=0.2).ask({"n": 1}, timeout=9.0)
    assert 0.4 < oracle.timeouts[0] <= 0.5
    assert oracle.timeouts[1] == 0.2


async def test_a_cancelled_caller_is_dropped_from_the_next_batch() -> None:
    """Nothing is evaluated for somebody who went away."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.gate.clear()
    first = asyncio.create_task(batcher.ask({"n": 0}, timeout=5.0))
    await asyncio.sleep(0.01)
    waiting = [asyncio.create_task(batcher.ask({"n": n}, timeout=5.0)) for n in range(1, 4)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    await asyncio.sleep(0.01)
    oracle.gate.set()
    assert await asyncio.gather(first, *waiting[1:]) == [0, 2, 3]
    assert oracle.sizes == [1, 2]


async def test_a_bug_in_a_call_fails_its_callers_and_not_the_next_ones() -> None:
    """Whatever breaks a call, nobody waits for ever."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.failure = ZeroDivisionError()
    with pytest.raises(EngineError) as caught:
        await batcher.ask({"n": 1}, timeout=5.0)
    assert caught.value.status is Status.INTERNAL
    oracle.failure = None
    assert await batcher.ask({"n": 2}, timeout=5.0) == 2


async def test_closing_finishes_what_is_in_flight_and_takes_nothing_new() -> None:
    """A drained engine has answered everybody who asked before."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.gate.clear()
    asked = [asyncio.create_task(batcher.ask({"n": n}, timeout=5.0)) for n in range(3)]
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(batcher.close(grace=5.0))
    await asyncio.sleep(0.01)
    with pytest.raises(EngineError, match="closed"):
        await batcher.ask({"n": 9}, timeout=5.0)
    oracle.gate.set()
    await closing
    assert await asyncio.gather(*asked) == [0, 1, 2]


async def test_closing_fails_what_does_not_finish_in_time() -> None:
    """Closing never hangs, and never leaves a caller waiting."""
    oracle = Oracle()
    batcher = oracle.batcher()
    oracle.gate.clear()
    asked = [asyncio.create_task(batcher.ask({"n": n}, timeout=60.0)) for n in range(3)]
    await asyncio.sleep(0.01)
    await batcher.close(grace=0.05)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, EngineError) for answer in answers)
