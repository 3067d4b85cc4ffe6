"""One worker process, as its supervisor sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, Self

import structlog

from actas.server.workers.channel import Channel, Message, Streams, opened

# How often a worker is asked whether it is there, how long it may take, and how many times it may miss. Loading a
# registry of 100,000 agents keeps a worker busy for seconds.
PING_SECONDS, ANSWER_SECONDS, MISSES_ALLOWED = 1.0, 2.0, 5
# Until a process that was started has loaded its modules, on a machine that is busy.
START_SECONDS = 60.0
# How much longer than the configured grace a worker may take to end.
STOP_SECONDS = 5.0
# How long one that was told to end may take new calls, of which it waits for the last (`Host.stop`).
QUIET_SECONDS = 2.0
_log = structlog.get_logger("actas.server")


class Member:
    """A worker from its start to its end. Made by `start`."""

    def __init__(
        self, number: int, generation: int, place: str, process: asyncio.subprocess.Process, streams: Streams
    ) -> None:
        self.number = number
        self.generation = generation
        self.metrics = place
        self._left = False
        self._serving = False
        self.state: Message = {"ready": False}
        """What it said last of how it is, in the words of `/ready`."""
        self.began = asyncio.get_running_loop().time()
        self._process = process
        self._channel = Channel(streams, news=self._learn)
        self._tasks = [asyncio.create_task(work) for work in (self._channel.run(), self._watch())]

    @classmethod
    async def start(cls, number: int, generation: int, place: str, settings: Path) -> Self:
        """Start a worker that reads *settings*; raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                # -P: whatever lies in the working directory is no module of ours.
                *(sys.executable, "-P", "-m", "actas.server.workers.worker"),
                *(str(theirs.fileno()), str(os.getpid()), str(settings)),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                # Ctrl-C in a terminal must reach the supervisor alone, which stops its workers gracefully.
                start_new_session=True,
            )
        return cls(number, generation, place, process, await opened(ours))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def serving(self) -> bool:
        """Whether it answers calls."""
        return self._serving and not self._channel.ended

    def serves(self, state: Message) -> None:
        """Learn that it has begun to answer calls, and how it is."""
        self._serving, self.state = True, state

    async def ask(self, question: str, *, timeout: float, **members: Any) -> Message:
        """Ask it; raises what it raises, and EngineError when it is gone or too slow."""
        return await self._channel.ask(question, timeout=timeout, **members)

    def tell(self, what: str) -> None:
        """Tell it something that it does not answer."""
        self._channel.tell({"do": what})

    async def ended(self) -> str:
        """Wait until it has ended, and say how."""
        status = await self._process.wait()
        self._serving, self.state = False, {"ready": False}
        for task in self._tasks:
            task.cancel()
        return f"was killed by {_name(-status)}" if status < 0 else f"ended with status {status}"

    def kill(self) -> None:
        """End it at once."""
        self._serving = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def leaves(self) -> bool:
        """Say once that its place is free, among the files of metrics and the rows of the ledger.

        One that ends while it is replaced is noticed twice, and in between the place may have become another's.
        """
        left, self._left = self._left, True
        return not left

    async def stop(self, grace: float) -> None:
        """Let it finish what is in flight, and wait for its end; one that takes too long is killed."""
        self.tell("stop")
        try:
            async with asyncio.timeout(grace + STOP_SECONDS):
                await self.ended()
        except TimeoutError:
            _log.error("worker_killed", worker=self.number, pid=self.pid, problem="it did not end when it was told to")
            self.kill()
            await self.ended()

    async def quiet(self) -> None:
        """Wait until one that was told to end takes no new calls."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                await self.ended()

    def _learn(self, news: Message) -> None:
        self.state = news

    async def _watch(self) -> None:
        misses, patience = 0, START_SECONDS
        while misses < MISSES_ALLOWED:
            await asyncio.sleep(PING_SECONDS)
            try:
                await self.ask("ping", timeout=patience)
            except Exception:
                misses += 1 if patience == ANSWER_SECONDS else MISSES_ALLOWED
            else:
                misses, patience = 0, ANSWER_SECONDS
        _log.error("worker_killed", worker=self.number, pid=self.pid, problem="it does not answer")
        self.kill()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
