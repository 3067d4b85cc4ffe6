"""One OPA server, asked through opa-python-client. Nothing else imports `opa_client`.

Every way in which the client can fail ends as an `EngineError` here: its own errors share no base
class, and aiohttp's come through it. Messages never repeat what OPA answered, because OPA's error
texts quote values of the input.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from opa_client import AsyncOpaClient

from actas.engine.question import serialize
from actas.errors import EngineError, Status

# Retried single items and several checks at once need more than the one connection of the batches.
MAX_CONNECTIONS = 16
# OPA keeps idle connections open; a reconnection costs a TLS handshake.
KEEP_ALIVE_SECONDS = 300
_STRICT = {"strict-builtin-errors": "true"}


@dataclass(frozen=True, slots=True)
class OpaAddress:
    """Where an OPA listens and how it is trusted. `tls` is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    token: str = field(default="", repr=False)


class _Client(AsyncOpaClient):  # type: ignore[misc]  # an untyped base class
    """The client with a pinned TLS context, no retries, no compression and no redirects."""

    def __init__(self, address: OpaAddress) -> None:
        super().__init__(
            host=address.host,
            port=address.port,
            ssl=address.tls is not None,
            # OPA compresses replies of 1 KiB and more at gzip level 9 when it is allowed to.
            headers={"Accept-Encoding": "identity"},
            token=address.token or None,
            # The client repeats HTTP 500 with pauses, and a strict built-in error is a 500.
            retries=0,
        )
        self._tls = address.tls

    async def _init_session(self) -> None:
        self._connector = aiohttp.TCPConnector(
            ssl=self._tls or True, limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS
        )
        self._session = aiohttp.ClientSession(
            headers=self.headers,
            connector=self._connector,
            # Every call has its own time limit.
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            json_serialize=serialize,
        )

    def _request(self, method: str, url: str, **options: Any) -> AbstractAsyncContextManager[Any]:
        """Never follow a redirect: it would carry the request's facts to whoever it names."""
        if self._session is None or self._session.closed:
            raise aiohttp.ClientConnectionError("closed")
        request: AbstractAsyncContextManager[Any] = super()._request(method, url, allow_redirects=False, **options)
        return request


class OpaConnection:
    """Open connections to one OPA. Must be made inside a running event loop; `close` it."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    @classmethod
    async def open(cls, address: OpaAddress) -> OpaConnection:
        """Prepare connections; nothing is sent before the first question."""
        client = _Client(address)
        await client._init_session()
        return cls(client)

    async def ask(self, path: str, question: Mapping[str, Any], *, timeout: float) -> Any:
        """Return the document at *path* (`actas/decision/decision`) for the input *question*.

        *timeout* is in seconds. Raises `EngineError`; a document that is undefined is one too.
        """
        try:
            async with asyncio.timeout(timeout):
                answer = await self._post(path, question)
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            raise _engine_error(error) from error
        if type(answer) is not dict or "result" not in answer:
            raise EngineError(f"OPA has no document at {path}", status=Status.INTERNAL, reason="ENGINE_NO_ANSWER")
        return answer["result"]

    async def _post(self, path: str, question: Mapping[str, Any]) -> Any:
        try:
            return await self._client.query_rule(question, path, query_params=_STRICT)
        except aiohttp.ClientConnectorError:
            raise
        except aiohttp.ClientConnectionError:
            # An idle connection that the other side had closed. Evaluation has no effect, so once more is safe.
            return await self._client.query_rule(question, path, query_params=_STRICT)

    async def is_healthy(self, *, timeout: float) -> bool:
        """Whether OPA says that it is ready, within *timeout* seconds."""
        try:
            async with asyncio.timeout(timeout):
                return bool(await self._client.check_health())
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Close all connections; calls in flight fail."""
        await self._client.close_connection()


def _engine_error(error: BaseException) -> EngineError:
    if isinstance(error, aiohttp.ClientSSLError):
        return EngineError("whoever listens on OPA's port has not OPA's key", reason="ENGINE_UNTRUSTED")
    if isinstance(error, aiohttp.ContentTypeError):
        return _ill_typed()
    if isinstance(error, aiohttp.ClientResponseError):
        return _http_error(error.status)
    if isinstance(error, TimeoutError):
        return EngineError("OPA did not answer in time", reason="ENGINE_TIMEOUT")
    if isinstance(error, aiohttp.ClientError | OSError):
        return EngineError("OPA cannot be reached, or broke the connection off")
    return _ill_typed()


def _http_error(status: int) -> EngineError:
    if status in (401, 403):
        return EngineError(f"OPA refused the call (HTTP {status})", status=Status.INTERNAL, reason="ENGINE_REFUSED")
    if status in (429, 502, 503, 504):
        return EngineError(f"OPA is not available (HTTP {status})")
    message = f"OPA failed to evaluate the policy (HTTP {status})"
    return EngineError(message, status=Status.INTERNAL, reason="ENGINE_FAILED")


def _ill_typed() -> EngineError:
    return EngineError("OPA's answer is not JSON", status=Status.INTERNAL, reason="ENGINE_ILL_TYPED_ANSWER")
