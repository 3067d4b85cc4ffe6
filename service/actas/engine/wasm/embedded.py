"""The engine on an instance of its own process: no call leaves it, and one request is one evaluation.

An evaluation takes a fifth of a millisecond, and nobody may use the instance meanwhile: it runs on the event loop.
Instances are made in a thread, because loading a large registry takes seconds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from actas.engine import EngineHealth
from actas.engine.question import encoded
from actas.engine.result import PolicyResult, parse_result
from actas.engine.wasm import failures
from actas.engine.wasm.answer import read
from actas.engine.wasm.instance import Instance
from actas.engine.wasm.module import WasmModule
from actas.errors import EngineError

# Everybody waits while one evaluates, so a runaway policy is stopped early.
EVALUATION_SECONDS = 0.2

_log = logging.getLogger(__name__)


def _ignore(_: object) -> None:
    """The hook of whoever does not measure."""


class EmbeddedEngine:
    """A `PolicyEngine` over one revision's data. Made by `start`; all its calls come from one event loop."""

    def __init__(
        self,
        module: WasmModule,
        data: bytes,
        instance: Instance,
        *,
        revision: str,
        bundle_digest: str,
        on_error: Callable[[str], None],
    ) -> None:
        self._module = module
        self._data = data
        self._instance: Instance | None = instance
        self._revision = revision
        self._bundle_digest = bundle_digest
        self._on_error = on_error
        self._replacing: asyncio.Task[None] | None = None
        self._trouble = ""
        self._closed = False

    @classmethod
    async def start(
        cls,
        module: WasmModule,
        data: bytes,
        *,
        revision: str,
        digest: str,
        on_error: Callable[[str], None] = _ignore,
    ) -> Self:
        """Load *data*, the JSON document that policies see as `data`; raises `EngineError` when it does not fit."""
        instance = await asyncio.to_thread(Instance, module, data)
        failures.refuse_unknown_builtins(instance.builtins.values())
        return cls(module, data, instance, revision=revision, bundle_digest=digest, on_error=on_error)

    @property
    def revision(self) -> str:
        """The policy revision that every answer carries."""
        return self._revision

    @property
    def bundle_digest(self) -> str:
        """The digest of the bundle that was compiled."""
        return self._bundle_digest

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Answer one request within *timeout* seconds, or raise `EngineError`."""
        deadline = time.monotonic() + timeout
        try:
            question = encoded(policy_input)
            # Others get their turn before it is tried again.
            while (answer := await self._tried(question, deadline)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            _remaining(deadline)
            return self._checked(answer)
        except EngineError as error:
            self._on_error(error.reason)
            raise

    def health(self) -> EngineHealth:
        """Whether there is an instance, or will be one in a moment."""
        return EngineHealth(not self._trouble, self._trouble)

    async def close(self) -> None:
        """Let go of the memory."""
        self._closed, self._instance, self._trouble = True, None, "the engine is closed"
        if self._replacing is not None:
            await asyncio.wait({self._replacing})

    async def _tried(self, question: bytes, deadline: float) -> bytes | None:
        """Evaluate once, as soon as there is an instance; gives None as `_run` does."""
        while (instance := self._instance) is None:
            await self._another(deadline)
        return self._run(instance, question, deadline)

    def _run(self, instance: Instance, question: bytes, deadline: float) -> bytes | None:
        """Evaluate once; gives None when this thread was not given the processor, which is nobody's fault."""
        seconds, began = _remaining(deadline), time.thread_time()
        # Taken out meanwhile: an instance that broke off is in no known state.
        self._instance = None
        try:
            answer = instance.run(question, seconds=seconds)
        except Exception as error:
            failed = self._broken(instance, error)
            if failed.reason == failures.TIMEOUT and time.thread_time() - began < seconds / 2:
                return None
            raise failed from error
        self._put_back(instance)
        return answer

    def _put_back(self, instance: Instance) -> None:
        self._instance = instance
        if instance.worn:
            self._replace()

    def _broken(self, instance: Instance, error: Exception) -> EngineError:
        failed = failures.engine_error(error)
        _log.warning("an evaluation broke off: %s", failed.message)
        try:
            instance.renew()
        except EngineError:
            self._replace()
        else:
            self._put_back(instance)
        return failed

    def _replace(self) -> asyncio.Task[None]:
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.get_running_loop().create_task(self._make())
        return self._replacing

    async def _make(self) -> None:
        try:
            fresh = await asyncio.to_thread(Instance, self._module, self._data)
        except EngineError as error:
            self._trouble = self._trouble or error.message
            _log.error("%s", error.message)
            return
        if not self._closed:
            self._instance, self._trouble = fresh, ""

    async def _another(self, deadline: float) -> None:
        """Wait for an instance; raises when there will be none, or none in time."""
        if self._closed:
            raise EngineError("the engine is closed")
        replacing = self._replace()
        done, _ = await asyncio.wait({replacing}, timeout=max(0.0, deadline - time.monotonic()))
        if not done:
            raise failures.too_late()
        if self._instance is None and self._trouble:
            raise EngineError(self._trouble)

    def _checked(self, answer: bytes) -> PolicyResult:
        result = parse_result(read(answer))
        if result.revision != self._revision:
            raise failures.another_revision()
        return result


class CheckingEmbeddedEngine(EmbeddedEngine):
    """The same for checking: it also decides over other data. It works in a thread, as nobody waits for one case."""

    _turn: asyncio.Lock | None = None

    async def evaluate_with(
        self, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, *, timeout: float
    ) -> PolicyResult:
        """Answer one request over *data* instead of the revision's own, or raise `EngineError`."""
        self._turn = self._turn or asyncio.Lock()
        deadline = time.monotonic() + timeout
        async with self._turn:
            while (instance := self._instance) is None:
                await self._another(deadline)
            self._instance = None
            try:
                answer = await asyncio.to_thread(_over, instance, policy_input, data, _remaining(deadline))
            except EngineError:
                # The question cannot be asked: the instance has not seen it.
                self._put_back(instance)
                raise
            except Exception as error:
                raise self._broken(instance, error) from error
            self._put_back(instance)
        return self._checked(answer)


def _over(instance: Instance, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, seconds: float) -> bytes:
    question = encoded(policy_input)
    if data is None:
        return instance.run(question, seconds=seconds)
    return instance.run_over(question, encoded(data), seconds=seconds)


def _remaining(deadline: float) -> float:
    """Give the seconds that an evaluation may take now."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise failures.too_late()
    return min(remaining, EVALUATION_SECONDS)
