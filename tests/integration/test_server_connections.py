"""Connections that give nothing are ended, and there are never more than a process can bear."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2

from actas import wire
from actas.server import health, host
from server_support import REQUEST, ChosenDecider, Served, Told, send_bytes, served
from slow_clients import BODY, CALL, PREFACE, literal

CHECK = b"/grpc.health.v1.Health/Check"
DATA = wire.request_to_proto(REQUEST).SerializeToString()


def ended_after(server: Served, say: bytes, *, most: float = 20.0, drip: bytes = b"") -> float:
    """Connect, *say* something and then *drip*, a byte each tenth of a second; give the seconds until it is over."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.settimeout(0.1)
        connection.sendall(say)
        began, rest = time.monotonic(), list(drip)
        while time.monotonic() - began < most:
            try:
                if rest:
                    connection.sendall(bytes([rest.pop(0)]))
                if not connection.recv(65536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - began


@pytest.mark.parametrize(("say", "drip"), [(b"", b""), (b"", PREFACE * 20), (b"GET / HT", b"")])
async def test_a_handshake_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, say: bytes, drip: bytes) -> None:
    """However it begins, and however slowly it goes on."""
    monkeypatch.setattr(host, "_HANDSHAKE_SECONDS", 1)
    async with served(ChosenDecider()) as server:
        assert await asyncio.to_thread(ended_after, server, say, drip=drip[:1] * 200) < 15


async def test_a_connection_on_which_nobody_calls_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes memory, and its client loses nothing: it connects anew with its next call."""
    monkeypatch.setattr(host, "_IDLE_SECONDS", 1)
    async with served(ChosenDecider()) as server:
        assert await asyncio.to_thread(ended_after, server, PREFACE) < 15
        await send_bytes(server.address, "Decide", DATA)


async def test_more_connections_than_a_process_can_bear_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and there is room again when some of them end."""
    monkeypatch.setattr(host, "_CONNECTIONS", 8)
    async with served(ChosenDecider()) as server:
        with contextlib.ExitStack() as held:
            for _ in range(16):
                held.enter_context(socket.create_connection(("127.0.0.1", server.port), 5))
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(ended_after, server, PREFACE) < 15
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(aio.AioRpcError):
                    await send_bytes(server.address, "Decide", DATA)
                    break
                await asyncio.sleep(0.1)


def answered_after(server: Served, say: bytes, *, most: float = 20.0) -> float:
    """Connect and *say* something; give the seconds until the call on stream 1 is answered (RFC 9113, section 6.2)."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection, connection.makefile("rb") as frames:
        connection.settimeout(most)
        connection.sendall(say)
        began = time.monotonic()
        while True:
            head = frames.read(9)
            assert len(head) == 9, "the connection is over"
            frames.read(int.from_bytes(head[:3]))
            if head[3] == 1 and int.from_bytes(head[5:]) == 1:
                return time.monotonic() - began


@pytest.mark.parametrize("shown", [b"", literal(b"authorization", b"Bearer of-nobody")])
async def test_the_message_of_nobody_is_not_taken_in(shown: bytes) -> None:
    """Nobody waits for its end: half a message on each of many streams is much memory."""
    callers = [{"name": "sts", "token_sha256": ["0" * 64], "authorization_servers": ["https://as"]}]
    headers = CALL[9:] + shown
    call = len(headers).to_bytes(3) + CALL[3:9] + headers
    async with served(ChosenDecider(), {"callers": callers}) as server:
        assert await asyncio.to_thread(answered_after, server, PREFACE + call + BODY) < 15
        assert "UNAUTHENTICATED" in server.metrics.exposition().decode()


async def test_half_a_health_check_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may ask, so a message is waited for briefly, and there are few at a time; then others are heard."""
    monkeypatch.setattr(health, "_MESSAGE_SECONDS", 3.0)
    asking = CALL.replace(literal(b":path", b"/actas.decision.v1.DecisionService/Decide"), literal(b":path", CHECK))
    half = (len(asking) - 9).to_bytes(3) + asking[3:] + BODY
    async with served(ChosenDecider()) as server, aio.insecure_channel(server.address) as channel:
        check = channel.unary_unary(CHECK.decode(), None, health_pb2.HealthCheckResponse.FromString)
        assert (await check(b"", timeout=10)).status == health_pb2.HealthCheckResponse.SERVING
        monkeypatch.setattr(health, "_MOST_MESSAGES", 1)
        answered = asyncio.create_task(asyncio.to_thread(answered_after, server, PREFACE + half))
        asking_on = (check(b"", timeout=10) for _ in iter(answered.done, True))
        with pytest.raises(aio.AioRpcError) as caught:
            [await call for call in asking_on]
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await answered < 15
        assert (await check(b"", timeout=10)).status == health_pb2.HealthCheckResponse.SERVING


async def test_metadata_beyond_the_limit_is_refused() -> None:
    """Before the caller is looked for, and without taking the connection's memory."""
    async with served(ChosenDecider()) as server:
        with pytest.raises(aio.AioRpcError) as caught:
            await send_bytes(server.address, "Decide", DATA, (("authorization", "Bearer " + "x" * 64_000),))
    assert Told(caught.value).code == grpc.StatusCode.RESOURCE_EXHAUSTED.name
