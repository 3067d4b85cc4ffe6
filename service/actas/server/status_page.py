"""A tiny HTTP listener on loopback: `/metrics` for Prometheus, `/ready` for whoever asks what is wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from actas.errors import ConfigError
from actas.listener import Listener

_REQUEST_SECONDS = 5.0
_MAX_HEADER_LINES = 100
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_JSON = "application/json"

Readiness = Callable[[], dict[str, Any]]
Answer = tuple[HTTPStatus, str, bytes]


class StatusPage:
    """Answers GET and nothing else, one request per connection."""

    def __init__(self, exposition: Callable[[], bytes], readiness: Readiness) -> None:
        """Show what *exposition* and *readiness* give; readiness has a member `ready`."""
        self._exposition = exposition
        self._readiness = readiness
        self._server: asyncio.Server | None = None

    async def start(self, listener: Listener) -> int:
        """Listen, and return the port. Raises OSError when the address is taken."""
        self._server = await asyncio.start_server(self._serve, listener.host, listener.port, limit=8192)
        return int(self._server.sockets[0].getsockname()[1])

    @asynccontextmanager
    async def listening(self, listener: Listener) -> AsyncIterator[int]:
        """Listen as long as the context lasts, and give the port. Raises ConfigError."""
        try:
            port = await self.start(listener)
        except OSError as error:
            raise ConfigError("metrics_listen", f"cannot listen there: {error.strerror}") from None
        try:
            yield port
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                method, target = await _request_line(reader)
                status, kind, body = self._answer(method, target)
                head = (
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, ValueError, OSError, asyncio.IncompleteReadError):
            pass  # a broken or slow client gets no answer
        finally:
            writer.close()

    def _answer(self, method: str, target: str) -> Answer:
        if method != "GET":
            return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"only GET\n"
        match target.partition("?")[0]:
            case "/metrics":
                return HTTPStatus.OK, _TEXT, self._exposition()
            case "/ready":
                detail = self._readiness()
                status = HTTPStatus.OK if detail["ready"] else HTTPStatus.SERVICE_UNAVAILABLE
                return status, _JSON, json.dumps(detail).encode() + b"\n"
            case _:
                return HTTPStatus.NOT_FOUND, _TEXT, b"/metrics or /ready\n"


async def _request_line(reader: asyncio.StreamReader) -> tuple[str, str]:
    """Read a request's head (RFC 9112, section 3); its fields don't matter here."""
    method, target, _ = (await reader.readline()).decode("ascii").split(" ")
    for _ in range(_MAX_HEADER_LINES):
        if await reader.readline() in {b"\r\n", b"\n", b""}:
            return method, target
    raise ValueError("too many header fields")
