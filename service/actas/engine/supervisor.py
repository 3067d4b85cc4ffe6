"""Keeps one OPA process running: notices a crash or a hang, starts it again, says how it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from actas.engine import EngineHealth
from actas.engine.opa import OpaConnection
from actas.engine.process import OpaCommand, OpaProcess, start_opa
from actas.errors import EngineError

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0
# A process that lived this long did not crash because of how it was started.
STABLE_SECONDS = 30.0
LIVENESS_SECONDS = 1.0
MISSES_ALLOWED = 3

_log = logging.getLogger(__name__)


class OpaSource(Protocol):
    """Whatever gives a connection to an OPA: our own child or somebody's server."""

    def connection(self) -> OpaConnection:
        """The connection to ask now; raises `EngineError` at once when there is none."""

    def health(self) -> EngineHealth:
        """Whether OPA can answer, and if not, why."""

    async def close(self) -> None:
        """Release it."""


class ManagedOpa:
    """An OPA child that is started again, with growing pauses, whenever it ends or stops answering."""

    def __init__(self, command: OpaCommand, process: OpaProcess) -> None:
        self._command = command
        self._process = process
        self._trouble = ""
        self._supervision = asyncio.get_running_loop().create_task(self._supervise())

    @classmethod
    async def start(cls, command: OpaCommand) -> ManagedOpa:
        """Start OPA and supervise it; raises `EngineError` when the first start fails."""
        return cls(command, await start_opa(command))

    @property
    def process(self) -> OpaProcess:
        """The process that runs now, or ran last."""
        return self._process

    def connection(self) -> OpaConnection:
        """The connection to the running child; raises `EngineError` while it is being restarted."""
        if self._process.exited:
            raise EngineError(self._trouble or "OPA has ended and is being started again")
        return self._process.connection

    def health(self) -> EngineHealth:
        """Whether the child runs and answers its health check."""
        if self._process.exited and not self._trouble:
            return EngineHealth(False, "OPA has ended and is being started again")
        return EngineHealth(not self._trouble, self._trouble)

    async def close(self) -> None:
        """Stop supervising and stop the child."""
        self._supervision.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervision
        await self._process.stop()
        self._trouble = "OPA has been stopped"

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = loop.time()
            self._trouble = await self._until_it_fails()
            _log.error("%s; starting it again", self._trouble)
            if loop.time() - began > STABLE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await self._process.kill()
            pause = await self._start_again(pause)
            self._trouble = ""
            _log.warning("OPA runs again")

    async def _start_again(self, pause: float) -> float:
        """Start until it succeeds; return the pause to make before the next restart."""
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            try:
                self._process = await start_opa(self._command)
            except (EngineError, OSError) as error:
                self._trouble = f"{error}; trying again in {pause:.1f} s"
                _log.error("%s", self._trouble)
            else:
                return pause

    async def _until_it_fails(self) -> str:
        """Return why the child cannot be used any more."""
        process = self._process
        ended = asyncio.get_running_loop().create_task(process.wait())
        misses = 0
        try:
            while misses < MISSES_ALLOWED:
                await asyncio.wait({ended}, timeout=LIVENESS_SECONDS)
                if ended.done():
                    return ended.result()
                answers = await process.connection.is_healthy(timeout=LIVENESS_SECONDS)
                misses = 0 if answers else misses + 1
                self._trouble = "" if answers else "OPA does not answer its health check"
            return f"OPA did not answer {MISSES_ALLOWED} health checks"
        finally:
            ended.cancel()
