"""Health checks, which anybody who reaches the service may ask for, so that they must cost next to nothing."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]  # missing in the published types

from actas.server.interceptors import Context

# A watch keeps its service's name for as long as it lasts, and its connection may have hundreds of them: of the longest
# messages, gigabytes.
_LONGEST_NAME: Final = 256
# A message that does not end is memory as well, so that there are few at a time, each for a moment.
_MOST_MESSAGES: Final = 64
_MESSAGE_SECONDS: Final = 2.0


class Health(health_aio.HealthServicer):  # type: ignore[misc]  # untyped in the library
    """`grpc.health.v1.Health`, for services whose names are no longer than names are."""

    def __init__(self) -> None:
        """Nobody asks yet."""
        super().__init__()
        self._messages = 0

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """Give what a gRPC server calls. The one message of a call is taken in here, and not by gRPC."""
        read, write = health_pb2.HealthCheckRequest.FromString, health_pb2.HealthCheckResponse.SerializeToString
        methods = {
            "Check": grpc.stream_unary_rpc_method_handler(self._check, read, write),
            "Watch": grpc.stream_stream_rpc_method_handler(self._watch, read, write),
        }
        return grpc.method_handlers_generic_handler(health.SERVICE_NAME, methods)

    async def _check(self, _messages: object, context: Context) -> Any:
        return await self.Check(await self._asked(context), context)

    async def _watch(self, _messages: object, context: Context) -> None:
        await self.Watch(await self._asked(context), context)

    async def _asked(self, context: Context) -> health_pb2.HealthCheckRequest:
        if self._messages >= _MOST_MESSAGES:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many ask at once")
        self._messages += 1
        try:
            async with asyncio.timeout(_MESSAGE_SECONDS):
                asked = await context.read()
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "no message came in time")
        finally:
            self._messages -= 1
        if asked is aio.EOF or len(asked.service) > _LONGEST_NAME:  # type: ignore[attr-defined]  # as above
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "that is the name of no service")
        found: health_pb2.HealthCheckRequest = asked
        return found
