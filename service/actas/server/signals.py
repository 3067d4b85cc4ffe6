"""What the signals of a service mean, while it starts and while it serves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger("actas.server")
_END = (signal.SIGTERM, signal.SIGINT)
Work = Callable[[], Coroutine[Any, Any, None]]


class Signals:
    """SIGTERM and SIGINT end the service, SIGHUP activates the policies again, SIGUSR2 replaces its workers.

    From its making on, the first two cancel the current task: while a service starts there is nothing in flight to
    finish, and nothing to activate again either.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        if (starting := asyncio.current_task()) is not None:
            for number in _END:
                self._loop.add_signal_handler(number, starting.cancel)
        self._ignore("still starting")

    async def obeyed(self, reload: Work, replace: Work) -> None:
        """Return when the service is told to end; an activation that was begun until then is finished first."""
        stop = asyncio.Event()
        replacing: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as tasks:
            for number in _END:
                self._loop.add_signal_handler(number, stop.set)
            self._loop.add_signal_handler(signal.SIGHUP, lambda: tasks.create_task(reload()))
            self._loop.add_signal_handler(signal.SIGUSR2, lambda: replacing.add(tasks.create_task(replace())))
            await stop.wait()
            self._ignore("already stopping")
            # Who ends has no use for new workers.
            for task in replacing:
                task.cancel()

    def _ignore(self, why: str) -> None:
        for number in (signal.SIGHUP, signal.SIGUSR2):
            self._loop.add_signal_handler(number, _log.info, why)
