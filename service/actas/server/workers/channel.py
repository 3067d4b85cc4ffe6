"""What supervisor and worker say to each other: questions, answers and news, one JSON object per line."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from actas.errors import ActasError, ActivationError, ConfigError, EngineError, Problem, Status

Message = dict[str, Any]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
GONE = "ENGINE_WORKER_GONE"
Answer = Callable[[str, Message], Awaitable[Message]]

# A revision that cannot be loaded may have many problems.
_LONGEST_LINE = 16 << 20


async def opened(end: socket.socket) -> Streams:
    """Give the streams of one end of a socket pair."""
    return await asyncio.open_connection(sock=end, limit=_LONGEST_LINE)


async def _nothing(question: str, _members: Message) -> Message:
    raise EngineError(f"nobody answers {question} here", status=Status.INTERNAL)


class Channel:
    """One end of a stream socket. *answer* is asked what the other end wants, *news* is told what it says.

    The other end is a process of the same service: its messages are not checked.
    """

    def __init__(
        self,
        streams: Streams,
        *,
        answer: Answer = _nothing,
        news: Callable[[Message], None] = lambda _news: None,
    ) -> None:
        self._reader, self._writer = streams
        self._answer = answer
        self._news = news
        self._numbers = itertools.count()
        self._open: dict[int, asyncio.Future[Message]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.ended = False
        """Whether the other end is gone."""

    async def ask(self, question: str, *, timeout: float, **members: Any) -> Message:
        """Give the other end's answer to *question*.

        Raises:
            ActasError: what the other end raised.
            EngineError: it does not answer within *timeout* seconds, or is gone.

        """
        if self.ended:
            raise _gone()
        number, answered = next(self._numbers), asyncio.get_running_loop().create_future()
        self._open[number] = answered
        self._write({"question": question, "number": number, "members": members})
        try:
            return await asyncio.wait_for(answered, timeout)
        except TimeoutError:
            raise EngineError(f"the worker did not answer for {timeout:.0f} s", reason=GONE) from None
        finally:
            del self._open[number]

    def tell(self, news: Message) -> None:
        """Say something that is not answered."""
        self._write({"news": news})

    async def run(self) -> None:
        """Read until the other end is gone."""
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (ConnectionError, ValueError):
            pass  # an end that breaks off is gone
        finally:
            # Also when reading is cancelled, as it is once the other process has ended: nobody waits for its answer.
            self.ended = True
            for answered in self._open.values():
                if not answered.done():
                    answered.set_exception(_gone())
            self._writer.close()

    def _take(self, message: Message) -> None:
        if "news" in message:
            self._news(message["news"])
        elif "question" in message:
            task = asyncio.create_task(self._reply(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif (answered := self._open.get(message["number"])) is not None and not answered.done():
            if "error" in message:
                answered.set_exception(_raised(message["error"]))
            else:
                answered.set_result(message["answer"])

    async def _reply(self, message: Message) -> None:
        said: Message = {"number": message["number"]}
        try:
            said["answer"] = await self._answer(message["question"], message["members"])
        except Exception as error:
            said["error"] = _described(error)
        self._write(said)

    def _write(self, message: Message) -> None:
        # A line is written whole or not at all; whoever is gone is noticed by the reader.
        if not self.ended:
            self._writer.write(json.dumps(message).encode() + b"\n")


def _gone() -> EngineError:
    return EngineError("the worker is gone", reason=GONE)


def _described(error: Exception) -> Message:
    if isinstance(error, ActivationError):
        return {"problems": [[problem.message, problem.file, problem.line] for problem in error.problems]}
    if isinstance(error, ConfigError):
        return {"setting": error.setting, "message": error.message}
    if isinstance(error, EngineError):
        return {"message": error.message, "status": error.status.value, "reason": error.reason}
    # Only the kind of a foreign error: its text may hold anything.
    return {"message": str(error) if isinstance(error, ActasError) else f"unexpected {type(error).__name__}"}


def _raised(said: Message) -> ActasError:
    if "problems" in said:
        return ActivationError([Problem(*problem) for problem in said["problems"]])
    if "setting" in said:
        return ConfigError(said["setting"], said["message"])
    return EngineError(
        said["message"],
        status=Status(said.get("status", Status.INTERNAL.value)),
        reason=said.get("reason", "ENGINE_WORKER_FAILED"),
    )
