"""What happens around every call: errors become statuses, calls are counted, callers are known."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
import structlog
from grpc import aio

from actas.errors import ActasError, ProtocolError
from actas.server import callers
from actas.server.callers import CallerIdentity, Callers
from actas.server.metrics import Metrics
from actas.server.status import Outward, Trailer

# The published types of grpcio describe its synchronous API; with grpc.aio a handler's methods are coroutines, and
# the context has `abort_with_status`.
Handler = Any
Context = Any
Details = grpc.HandlerCallDetails
Continuation = Callable[[Details], Awaitable[Handler]]

HEALTH: Final = "/grpc.health.v1.Health/"
REFLECTION: Final = "/grpc.reflection."

_log = structlog.get_logger("actas.server")


class ErrorInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the published types only
    """Turns whatever a method raises into a status with details, and counts the call. It is the outermost one."""

    def __init__(self, metrics: Metrics, trailer: Trailer = ()) -> None:
        """Count calls in *metrics*; every answer carries *trailer*."""
        self._metrics = metrics
        self._trailer = trailer
        self.begun = 0
        """How many calls have begun."""

    async def intercept_service(self, continuation: Continuation, details: Details) -> Handler:
        """Wrap the method; health checks and streams pass through as they are."""
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None or details.method.startswith(HEALTH):
            return handler
        method, answer = details.method.rpartition("/")[2], handler.unary_unary

        async def told(request: object, context: Context) -> object:
            self.begun += 1
            if self._trailer:
                context.set_trailing_metadata(self._trailer)
            try:
                response = await answer(request, context)
            except Exception as error:
                outward = Outward.of(error)
                note(method, outward, error)
                self._metrics.call(method, outward.status.value)
                await context.abort_with_status(outward.to_grpc(self._trailer))
            self._metrics.call(method, "OK")
            return response

        return _unary(handler, told)


class CallerInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the published types only
    """Authenticates every call but health checks, before its message is looked at."""

    def __init__(self, known: Callers) -> None:
        """Accept the callers in *known*."""
        self._known = known

    async def intercept_service(self, continuation: Continuation, details: Details) -> Handler:
        """Refuse unknown callers, and reflection to those who may not see it."""
        handler = await continuation(details)
        if handler is None or details.method.startswith(HEALTH):
            return handler
        try:
            caller = self._known.authenticate(details.invocation_metadata)
        except ProtocolError as error:
            return _refusing(handler, error)
        if details.method.startswith(REFLECTION):
            return _guarded_stream(handler, caller)
        answer = handler.unary_unary

        async def known(request: object, context: Context) -> object:
            callers.current.set(caller)
            return await answer(request, context)

        return _unary(handler, known)


def _refusing(handler: Handler, error: ProtocolError) -> Handler:
    async def refuse(_request: object, _context: Context) -> object:
        raise error

    async def refuse_stream(_requests: object, context: Context) -> AsyncIterator[object]:
        await context.abort_with_status(Outward.of(error).to_grpc())
        yield None  # never reached: it makes this a stream

    return _unary(handler, refuse) if handler.unary_unary is not None else _stream(handler, refuse_stream)


def _guarded_stream(handler: Handler, caller: CallerIdentity) -> Handler:
    answer = handler.stream_stream

    async def guarded(requests: object, context: Context) -> AsyncIterator[object]:
        try:
            caller.require("reflection", context.peer())
        except ProtocolError as error:
            await context.abort_with_status(Outward.of(error).to_grpc())
        async for response in answer(requests, context):
            yield response

    return _stream(handler, guarded)


def _unary(handler: Handler, answer: Callable[..., Awaitable[object]]) -> Handler:
    return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)


def _stream(handler: Handler, answer: Callable[..., AsyncIterator[object]]) -> Handler:
    return grpc.stream_stream_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)


def note(method: str, outward: Outward, error: Exception) -> None:
    """Log why *method* gave no decision."""
    log = _log.bind(method=method, status=outward.status.value, reason=outward.reason, caller=_name())
    if isinstance(error, ProtocolError):
        log.info("refused", field=error.field)
    elif isinstance(error, ActasError | TimeoutError):
        log.warning("no decision", message=outward.message)
    else:
        # Only the kind and the place: the text of a foreign error may repeat a piece of the request.
        log.error("internal error", kind=type(error).__name__, at=_place(error))


def _name() -> str:
    caller = callers.current.get(None)
    return caller.name if caller is not None else ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
