"""The places of workers among the files that all of them share: metrics, and what callers have under way."""

from __future__ import annotations

import asyncio
import socket

from actas.config import load
from actas.server.ledger import Ledger
from actas.server.workers.addresses import Addresses
from actas.server.workers.channel import opened
from actas.server.workers.fleet import Fleet
from actas.server.workers.member import Member
from actas.server.workers.metrics import FleetMetrics
from actas.server.workers.runtime import made

CALLER = {"name": "sts", "token_sha256": ["0" * 64], "authorization_servers": ["https://as.example"]}


async def test_a_place_that_another_worker_has_is_not_given_back() -> None:
    """A worker that dies while it is replaced is noticed twice; in between, another one may have taken its place."""
    config = load({"listen": ["127.0.0.1:0"], "workers": 2, "callers": [CALLER]})
    with made(2) as runtime:
        fleet = Fleet(config, runtime, Addresses(()), FleetMetrics(runtime.metrics, 2, lambda: 0), since=0.0)
        place = fleet._places.pop()
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec("sleep", "60")
            member = Member(0, 1, place, process, await opened(ours))
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
