"""What supervisor and worker say to each other, and what becomes of a question whose answer cannot come any more."""

from __future__ import annotations

import asyncio
import socket

import pytest

from actas.errors import EngineError
from actas.server.workers.channel import GONE, Channel, opened


async def test_a_question_ends_with_the_reading() -> None:
    """A supervisor that sees its worker end stops reading, perhaps before it has read that the socket is closed.

    An activation would otherwise wait for the answer as long as a large registry may take, and the worker's successor
    for the activation.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        channel = Channel(await opened(ours))
        reading = asyncio.create_task(channel.run())
        asked = asyncio.create_task(channel.ask("prepare", timeout=60))
        await asyncio.sleep(0)
        reading.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(EngineError) as caught:
                await asked
    assert caught.value.reason == GONE
    assert channel.ended
    with pytest.raises(EngineError):
        await channel.ask("ping", timeout=60)
