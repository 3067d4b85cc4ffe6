"""Work beside the calls, whose failure nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import structlog

_log = structlog.get_logger("actas.server")


@asynccontextmanager
async def background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run *work* as long as the context lasts; its failure is logged, because nobody waits for it."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(log_failure)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


def log_failure(task: asyncio.Task[None]) -> None:
    """Log why *task* failed, if it did."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("background work ended", task=task.get_name(), kind=type(error).__name__)
