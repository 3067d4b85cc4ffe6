"""All workers of one service: each is started again when it ends, and all serve the same revision."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from actas.config import Config
from actas.errors import ActasError, EngineError
from actas.server.background import log_failure
from actas.server.ledger import forget
from actas.server.workers.addresses import Addresses
from actas.server.workers.channel import GONE, Message
from actas.server.workers.member import START_SECONDS, Member
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.runtime import Package, Runtime, Settings

# Loading takes seconds for a large registry, and a sidecar may take a minute to come up. One that hangs is found out
# much sooner, by `Member`.
PREPARE_SECONDS = 120.0
# What was prepared is served by exchanging a reference.
COMMIT_SECONDS = 5.0
SERVE_SECONDS = 30.0
# Between the restarts of a worker that ends again and again; one that lived this long did not end of its start.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, STABLE_SECONDS = 0.05, 10.0, 30.0
# How long an activation waits until a worker that ended meanwhile is there again.
WHOLE_SECONDS = 30.0
# An OPA of somebody else's has no package; its revision is known when the first worker has asked.
NO_PACKAGE: Mapping[str, str] = {"revision": ""}

_log = structlog.get_logger("actas.server")


class Fleet:
    """The workers with one *config*. All methods run on the supervisor's event loop."""

    def __init__(
        self, config: Config, runtime: Runtime, addresses: Addresses, metrics: FleetMetrics, *, since: float
    ) -> None:
        """Prepare; no worker is started yet. *since* is when the service started, in seconds since the epoch."""
        self.members: dict[int, Member] = {}
        self._config = config
        self._runtime = runtime
        self._addresses = addresses
        self._metrics = metrics
        self._since = since
        self._current: Message = dict(NO_PACKAGE)
        self._generation = 0
        # One more than there are workers, for the one that is being replaced.
        self._places = {str(place) for place in range(config.workers + 1)}
        # Whoever is told which revision to serve is told in one go: nobody can miss one, or get it twice.
        self._turn = asyncio.Lock()
        self._slots = [asyncio.Lock() for _ in range(config.workers)]
        self._rolling = asyncio.Lock()
        self._keepers: list[asyncio.Task[None]] = []
        self._leaving: set[Member] = set()

    async def start(self) -> None:
        """Start every worker; they wait for their first revision. Raises EngineError."""
        for number in range(self._config.workers):
            self.members[number] = await self._started(number)

    async def distribute(self, package: Package | None) -> str:
        """Let all workers serve *package*, or none of them, and give its revision.

        Every worker loads it first. From the moment when all have, it is the one that counts: a worker that does not
        follow then is killed, and its successor serves it.

        Raises:
            ActasError: a worker cannot load it, or ended twice while it did; what served before still does.

        """
        message = dict(NO_PACKAGE) if package is None else package.to_message()
        try:
            return await self._distributed(message)
        except EngineError as error:
            if error.reason != GONE or not self._keepers:
                raise
            _log.warning("activation_repeated", problem=error.message)
        # It may have ended of something else. If it ended of this revision, it does so again.
        await self._whole()
        if not self._serving():
            # What all of them end of may be the revision before, which nobody could change otherwise.
            self._current = message
            return str(message["revision"])
        return await self._distributed(message)

    async def roll(self) -> None:
        """Replace the workers one at a time, each when its successor serves; it stops where one does not come up."""
        if self._rolling.locked():
            _log.info("the workers are being replaced already")
            return
        async with self._rolling:
            _log.info("workers_replaced_begin")
            for number in range(self._config.workers):
                try:
                    await self._replaced(number)
                except Exception as error:
                    _log.error("workers_replaced_failed", worker=number, problem=_sentence(error))
                    return
            _log.info("workers_replaced")

    async def stop(self) -> None:
        """Stop every worker gracefully."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(self._let_go(member) for member in {*self.members.values(), *self._leaving}))

    async def _distributed(self, message: Message) -> str:
        async with self._turn:
            members = self._serving() if self._keepers else list(self.members.values())
            if not members:
                raise EngineError("no worker serves", reason=GONE)
            try:
                answers = await _all(*(member.ask("prepare", timeout=PREPARE_SECONDS, **message) for member in members))
                revisions = {str(answer["revision"]) for answer in answers}
                if len(revisions) != 1:
                    raise EngineError("the workers do not have the same revision")
            except BaseException:
                for member in members:
                    member.tell("abandon")
                raise
            # Who is being replaced takes new calls for a moment, which it decides by what served before.
            await asyncio.gather(*(member.quiet() for member in self._leaving))
            revision = revisions.pop()
            self._current = message | {"revision": revision}
            await asyncio.gather(*(self._commit(member, revision) for member in members))
            if not self._keepers:
                await _all(*(self._serve(member) for member in members))
                self._keepers = [asyncio.create_task(self._keep(number)) for number in self.members]
                for keeper in self._keepers:
                    keeper.add_done_callback(log_failure)
            return revision

    async def _commit(self, member: Member, revision: str) -> None:
        try:
            await member.ask("commit", timeout=COMMIT_SECONDS, revision=revision)
        except ActasError as error:
            _log.error("worker_killed", worker=member.number, pid=member.pid, problem=f"it does not follow: {error}")
            member.kill()

    async def _serve(self, member: Member) -> None:
        state = await member.ask("serve", timeout=SERVE_SECONDS)
        self._addresses.opened(member.number, member.generation)
        member.serves(state)
        _log.info("worker_serves", worker=member.number, pid=member.pid, revision=state.get("revision", ""))

    async def _keep(self, number: int) -> None:
        """Start the worker *number* again whenever it ends."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            member = self.members[number]
            problem = await member.ended()
            if self.members[number] is not member:
                continue
            self._release(member)
            self._metrics.worker_ended()
            if asyncio.get_running_loop().time() - member.began > STABLE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            while self.members[number] is member:
                _log.error("worker_ended", worker=number, pid=member.pid, problem=problem, again_in=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                async with self._slots[number]:
                    try:
                        if self.members[number] is member:
                            self.members[number] = await self._joined(number)
                    except Exception as error:
                        problem = f"it could not be started again: {_sentence(error)}"

    async def _replaced(self, number: int) -> None:
        async with self._slots[number]:
            before = self.members[number]
            self.members[number] = await self._joined(number)
        await self._let_go(before)

    async def _joined(self, number: int) -> Member:
        """Start a worker that serves what all serve; raises ActasError."""
        member = await self._started(number)
        try:
            await member.ask("ping", timeout=START_SECONDS)
            async with self._turn:
                current = self._current
                await member.ask("prepare", timeout=PREPARE_SECONDS, **current)
                await member.ask("commit", timeout=COMMIT_SECONDS, revision=current["revision"])
                await self._serve(member)
        except BaseException:
            member.kill()
            await member.ended()
            self._release(member)
            raise
        return member

    async def _started(self, number: int) -> Member:
        self._generation += 1
        generation, config = self._generation, self._config
        listen = self._addresses.of_worker(number, generation)
        if not self._places:
            raise EngineError("workers that were to end are still there")
        place = self._places.pop()
        told = Settings(
            config.model_copy(update={"listen": listen, "metrics_listen": None, "watch": False}),
            number, generation, config.workers, self._since, self._runtime.path, place,
        )  # fmt: skip
        try:
            return await Member.start(number, generation, place, self._runtime.settings(told))
        except BaseException as error:
            self._places.add(place)
            if isinstance(error, OSError):
                raise EngineError(f"a worker cannot be started: {error.strerror}") from None
            raise

    async def _let_go(self, member: Member) -> None:
        self._leaving.add(member)
        await member.stop(self._config.grace)
        self._leaving.discard(member)
        self._release(member)

    def _release(self, member: Member) -> None:
        if not member.leaves():
            return
        forget(self._runtime.allowances, len(self._config.callers), int(member.metrics))
        self._places.add(member.metrics)
        self._runtime.forget(member.number, member.generation)

    def _serving(self) -> list[Member]:
        return [member for member in self.members.values() if member.serving]

    async def _whole(self) -> None:
        """Wait until every worker serves, or long enough."""
        end = asyncio.get_running_loop().time() + WHOLE_SECONDS
        while asyncio.get_running_loop().time() < end and len(self._serving()) < len(self.members):  # noqa: ASYNC110 - a worker that fails comes and goes
            await asyncio.sleep(FIRST_PAUSE_SECONDS)


def _sentence(error: Exception) -> str:
    return str(error) if isinstance(error, ActasError | OSError) else f"unexpected {type(error).__name__}"


async def _all(*asked: Any) -> list[Any]:
    """Wait for every answer, and raise the first error if there is one."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return answers
