"""Asks for decisions: of an engine that this command starts, or of a running service."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actas.cli.exchange_lines import ExchangeLine
from actas.cli.exits import Exit, status_of
from actas.decision_document import decision_to_document
from actas.engine import EngineKind
from actas.errors import ActasError, ProtocolError

if TYPE_CHECKING:
    from actas.client import Target

Document = dict[str, Any]
Ask = Callable[[ExchangeLine], Awaitable[Document]]
# How many lines are asked for at a time; enough to fill OPA's batches.
_IN_FLIGHT = 64
_REMOTE_SECONDS = 5.0


@asynccontextmanager
async def of_policies(policies: list[Path], engine: EngineKind) -> AsyncIterator[Ask]:
    """Yield a function that decides one line on the shipped policies and these."""
    from actas.policy.workbench import Workbench  # noqa: PLC0415 - slow to load, and a service has its own

    async with Workbench.open(policies, engine=engine) as workbench:

        async def ask(line: ExchangeLine) -> Document:
            return decision_to_document(await workbench.decide(line.request, now=line.now, data=line.data))

        yield ask


@asynccontextmanager
async def of_service(target: Target) -> AsyncIterator[Ask]:
    """Yield a function that lets a running service decide one line."""
    from actas.client import AsyncDecisionClient  # noqa: PLC0415 - gRPC is slow to load and rarely needed

    async with AsyncDecisionClient(target, timeout=_REMOTE_SECONDS) as client:

        async def ask(line: ExchangeLine) -> Document:
            for field in ("now", "data"):
                if getattr(line, field) is not None:
                    raise ProtocolError(field, "a running service decides at its own time and over its own data")
            return decision_to_document(await client.decide(line.request))

        yield ask


async def answer(ask: Ask, line: ExchangeLine) -> tuple[Document, Exit]:
    """Decide one line; a failure becomes an error document and its exit status."""
    try:
        document = await ask(line)
    except ActasError as error:
        return error_document(error), status_of(error)
    return document, Exit.OK if document["effect"] == "ALLOW" else Exit.DENY


def error_document(error: ActasError) -> Document:
    """Return *error* as the document that stands in the place of a decision."""
    message = getattr(error, "message", "") or str(error)
    return {"error": {"status": str(error.status), "field": getattr(error, "field", ""), "message": message}}


async def answer_in_order(
    ask: Ask, lines: Iterable[Callable[[], ExchangeLine]], say: Callable[[Document], None]
) -> Exit:
    """Answer *lines* some at a time and *say* the answers in their order; return the worst exit status.

    Lines are taken as they come, so that a program can wait for each answer before it sends the next.
    """
    waiting: asyncio.Queue[asyncio.Task[tuple[Document, Exit]] | None] = asyncio.Queue()
    free = threading.Semaphore(_IN_FLIGHT)
    loop = asyncio.get_running_loop()

    async def one(parse: Callable[[], ExchangeLine]) -> tuple[Document, Exit]:
        try:
            line = parse()
        except ProtocolError as error:
            return error_document(error), Exit.BAD_INPUT
        return await answer(ask, line)

    def enqueue(parse: Callable[[], ExchangeLine] | None) -> None:
        waiting.put_nowait(None if parse is None else loop.create_task(one(parse)))

    def read() -> None:
        # Once the loop is closed nobody wants the rest.
        with contextlib.suppress(RuntimeError):
            for parse in itertools.chain(_until_unreadable(lines), [None]):
                free.acquire()
                loop.call_soon_threadsafe(enqueue, parse)

    # A thread that waits for input cannot be interrupted; as a daemon it holds nobody up.
    threading.Thread(target=read, daemon=True).start()
    worst = Exit.OK
    while (task := await waiting.get()) is not None:
        document, status = await task
        free.release()
        worst = max(worst, status)
        say(document)
    return worst


def _until_unreadable(lines: Iterable[Callable[[], ExchangeLine]]) -> Iterator[Callable[[], ExchangeLine]]:
    """Give *lines*; where reading fails, one that says so takes the place of the rest."""
    try:
        yield from lines
    except OSError as error:
        problem = ProtocolError("", f"the rest cannot be read: {error.strerror}")

        def refuse() -> ExchangeLine:
            raise problem

        yield refuse
