"""The one thread of a process that writes to the store: what arrives while it commits goes into the next commit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import structlog
from sqlalchemy import Connection

from actas.errors import ActasError, StoreError
from actas.store.database import CONTRADICTIONS, DRIVER_ERRORS, Database

T = TypeVar("T")
I_contra = TypeVar("I_contra", contravariant=True)
MOST_AT_ONCE = 256
"""How many items one transaction takes."""

REST_SECONDS = 0.2
"""After a failure everything fails at once for so long, and for as long as the failure took."""
GATHERING_SECONDS = 0.015
"""How long an item waits for others at most, where others were about."""
LAST_SECONDS = 10.0
"""How long the end waits for the last transaction."""
MOST_WAITING = 20_000
"""How many items wait for a store that hangs, before the next ones are refused."""

_log = structlog.get_logger("actas.store")


class Writer(Protocol[I_contra]):
    """Writes many items in one transaction. Its methods run on the store's thread."""

    def write(self, connection: Connection, items: Sequence[I_contra]) -> None:
        """Write *items*; whatever it raises undoes the transaction."""

    def settled(self, *, committed: bool) -> None:
        """Learn whether what was written last is durable; where it is not said so, it may nevertheless be."""

    def rescued(self, items: Sequence[I_contra]) -> bool:
        """Say whether *items*, whose transaction failed, are durable elsewhere now."""


@dataclass(slots=True)
class _Job:
    lane: Lane[Any] | None
    item: Any
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


_Lanes = dict["Lane[Any]", list[_Job]]


class StoreThread:
    """A thread with a *database*. Its methods are called on the event loop, which it never blocks."""

    def __init__(self, database: Database, observe: Callable[[str], None] = lambda _: None) -> None:
        """Prepare; nothing runs until the context is entered.

        *observe* is told of each `commit` and `failure`, on the thread.
        """
        self._observe = observe
        self.database = database
        self._loop: asyncio.AbstractEventLoop | None = None
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._wanted = 1
        self._crowd = 1
        self._lanes = 0
        self._session = database.session()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._resting_until = 0.0
        self.trouble = ""
        """Why the last transaction failed; empty when it did not."""

    async def __aenter__(self) -> Self:
        """Start."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Finish what is waiting, and end."""
        self._stopping = True
        self._wake.set()
        # A store that hangs does not keep the service from ending; the thread ends with the process.
        await asyncio.to_thread(self._thread.join, LAST_SECONDS)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do *work* in a transaction that it may share with others, and give its result when that is durable.

        *work* is to be short. What it raises undoes its own part only, and comes out here.

        Raises:
            StoreError: the store failed; nothing is known to be durable.

        """
        result: T = await self._submit(None, work)
        return result

    async def ask(self) -> None:
        """Ask the store something, to see whether it works; raises StoreError."""
        await self.run(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())

    def lane(self, writer: Writer[I_contra]) -> Lane[I_contra]:
        """Give a way for items of one kind, which *writer* writes together."""
        self._lanes += 1
        return Lane(self, writer, self._lanes)

    def _submit(self, lane: Lane[Any] | None, item: Any) -> asyncio.Future[Any]:
        if self._loop is None or self._stopping:
            raise StoreError("the store is closed")
        if len(self._jobs) >= MOST_WAITING:
            raise StoreError("too many wait for the store")
        job = _Job(lane, item, self._loop.create_future())
        self._jobs.append(job)
        if len(self._jobs) >= self._wanted:
            self._wake.set()
        return job.done

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._jobs:
                self._gather()
                taken = [self._jobs.popleft() for _ in range(min(len(self._jobs), MOST_AT_ONCE))]
                self._transaction(taken)
                self._crowd = len(taken) + len(self._jobs)
            if self._stopping and not self._jobs:
                self._session.close()
                return

    def _gather(self) -> None:
        """Wait a little until half of those are here who were about at the last commit.

        A commit costs as much CPU as several receipts. One caller alone is never made to wait; of many, half are
        decided upon while the others are written.
        """
        self._wanted = min((self._crowd + 1) // 2, MOST_AT_ONCE)
        if len(self._jobs) < self._wanted and not self._stopping:
            self._wake.wait(GATHERING_SECONDS)
            self._wake.clear()
        self._wanted = 1

    def _transaction(self, jobs: list[_Job]) -> None:
        lanes: _Lanes = {}
        for job in jobs:
            if job.lane is not None:
                lanes.setdefault(job.lane, []).append(job)
        began = time.monotonic()
        try:
            if began < self._resting_until:
                raise StoreError(self.trouble)
            with self._session.transaction() as connection:
                # In one order everywhere: two replicas that write the same rows must not wait for each other.
                for lane in sorted(lanes, key=lambda lane: lane.number):
                    lane.writer.write(connection, [job.item for job in lanes[lane]])
                for job in jobs:
                    if job.lane is None:
                        _apart(connection, job)
        except Exception as error:
            failure = error if isinstance(error, ActasError) else StoreError(f"unexpected {type(error).__name__}")
            self._failed(failure, began, lanes)
            for job in jobs:
                if job.lane not in lanes:
                    job.error = failure
        else:
            self._succeeded(lanes)
        assert self._loop is not None  # noqa: S101 - it is set before the thread starts
        self._loop.call_soon_threadsafe(_resolve, jobs)

    def _succeeded(self, lanes: _Lanes) -> None:
        for lane in lanes:
            lane.writer.settled(committed=True)
        self._observe("commit")
        if self.trouble:
            _log.info("store_works_again")
        self.trouble = ""

    def _failed(self, failure: ActasError, began: float, lanes: _Lanes) -> None:
        if began >= self._resting_until:
            for lane in lanes:
                lane.writer.settled(committed=False)
            # What takes long to fail would otherwise take all of the time of those who wait.
            self._resting_until = 2 * time.monotonic() - began + REST_SECONDS
        self._observe("failure")
        if not self.trouble:
            _log.error("store_failed", problem=str(failure))
        self.trouble = str(failure)
        for lane, its in lanes.items():
            if not _rescued(lane, its):
                for job in its:
                    job.error = failure


class Lane(Generic[I_contra]):
    """A way for items of one kind. Made by `StoreThread.lane`."""

    def __init__(self, thread: StoreThread, writer: Writer[I_contra], number: int) -> None:
        self._thread = thread
        self.writer = writer
        self.number = number

    async def put(self, item: I_contra) -> None:
        """Write *item*, and return when it is durable; raises StoreError when that is not known."""
        await self._thread._submit(self, item)


def _apart(connection: Connection, job: _Job) -> None:
    """Do the work of *job* so that its failure undoes nothing else."""
    try:
        with connection.begin_nested():
            job.result = job.item(connection)
    except CONTRADICTIONS:
        job.error = StoreError("what is there already contradicts it")
    except DRIVER_ERRORS:
        raise
    except Exception as error:  # a mistake in one piece of work is no failure of the store
        job.error = error


def _rescued(lane: Lane[Any], jobs: list[_Job]) -> bool:
    try:
        return lane.writer.rescued([job.item for job in jobs])
    except Exception as error:  # the thread goes on, whatever becomes of these
        _log.error("rescue_failed", problem=type(error).__name__)
        return False


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.done.done():  # whoever waited has gone
            continue
        if job.error is None:
            job.done.set_result(job.result)
        else:
            job.done.set_exception(job.error)
