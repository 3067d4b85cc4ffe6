"""Workers that are replaced: their places among the files that all share, and by which revision they decide."""

from __future__ import annotations

import asyncio
import socket

from actas.config import load
from actas.server.ledger import Ledger
from actas.server.workers.addresses import Addresses
from actas.server.workers.channel import Channel, Message, opened
from actas.server.workers.fleet import Fleet
from actas.server.workers.member import Member
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.runtime import Package, made

CALLER = {"name": "sts", "token_sha256": ["0" * 64], "authorization_servers": ["https://as.example"]}


async def running(end: socket.socket, place: str = "0") -> Member:
    """Give a process as the supervisor sees a worker; what is at the other *end* speaks for it."""
    return Member(0, 1, place, await asyncio.create_subprocess_exec("sleep", "60"), await opened(end))


async def test_a_place_that_another_worker_has_is_not_given_back() -> None:
    """A worker that dies while it is replaced is noticed twice; in between, another one may have taken its place."""
    config = load({"listen": ["127.0.0.1:0"], "workers": 2, "callers": [CALLER]})
    with made(2) as runtime:
        fleet = Fleet(config, runtime, Addresses(()), FleetMetrics(runtime.metrics, 2, lambda: 0), since=0.0)
        place = fleet._places.pop()
        ours, theirs = socket.socketpair()
        with theirs:
            member = await running(ours, place)
            member.kill()
            await member.ended()

            fleet._release(member)
            assert place in fleet._places
            fleet._places.remove(place)
            ledger = Ledger.shared(runtime.allowances, 1, row=int(place), rows=3)
            ledger.begin(0)

            fleet._release(member)
            assert place not in fleet._places
            assert ledger.under_way(0) == 1


async def test_nobody_decides_by_another_revision_than_one_that_is_being_replaced() -> None:
    """It takes calls for a moment more: the new revision waits for its end before it serves anywhere."""
    config = load({"listen": ["127.0.0.1:0"], "workers": 2})
    (ours, theirs), (leaving, silent) = socket.socketpair(), socket.socketpair()
    asked: list[str] = []
    prepared = asyncio.Event()

    async def answer(question: str, members: Message) -> Message:
        asked.append(question)
        if question == "prepare":
            prepared.set()
        return {"revision": members.get("revision", "")}

    with made(2) as runtime, silent:
        fleet = Fleet(config, runtime, Addresses(()), FleetMetrics(runtime.metrics, 2, lambda: 0), since=0.0)
        worker = Channel(await opened(theirs), answer=answer)
        speaking = asyncio.create_task(worker.run())
        fleet.members[0], before = await running(ours), await running(leaving)
        fleet.members[0].serves({})
        fleet._leaving.add(before)
        fleet._keepers = [speaking]

        distributed = asyncio.create_task(fleet.distribute(Package(runtime.path, "digest", "r2")))
        await prepared.wait()
        assert not (await asyncio.wait({distributed}, timeout=0.3))[0]
        assert "commit" not in asked
        before.kill()
        assert await distributed == "r2"
        assert "commit" in asked
        fleet.members[0].kill()
        await fleet.members[0].ended()
