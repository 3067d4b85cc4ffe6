"""What happens around every call: errors become statuses, calls are counted, callers are known."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import grpc
import structlog
from grpc import aio

from actas.errors import ActasError, OverLimitError, ProtocolError, Status
from actas.server import callers
from actas.server.callers import Callers, unknown
from actas.server.metrics import Metrics
from actas.server.sparing import Sparing
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


class Door(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the published types only
    """The unary methods of the services behind what every call of theirs goes through.

    The caller is authenticated before its message is looked at, whatever is raised becomes a status with details, and
    the call is counted. Made once per method: interceptors of grpc.aio would build all this anew for every call.
    """

    def __init__(
        self,
        inside: Sequence[grpc.GenericRpcHandler[Any, Any]],
        known: Callers,
        metrics: Metrics,
        trailer: Trailer = (),
    ) -> None:
        """Stand before *inside*; accept the callers in *known*, count in *metrics*; every answer carries *trailer*."""
        self._inside = inside
        self._known = known
        self._metrics = metrics
        self._trailer = trailer
        self._handlers: dict[str, tuple[Handler, Handler]] = {}
        self.begun = 0
        """How many calls have begun."""

    def service(self, details: Details) -> Handler:
        """Give what answers the method that is called; None where there is no such method.

        The message of whoever cannot be a caller is not taken in. That of others is, before they are known for certain:
        to wait for that would cost a tenth of a decision's CPU.
        """
        handlers = self._handlers.get(details.method)
        if handlers is None:
            handler = self._found(details)
            if handler is None:
                return None
            handlers = self._handlers[details.method] = self._guarded(details.method.rpartition("/")[2], handler)
        told, refused = handlers
        return told if self._known.may_send(details.invocation_metadata) else refused

    def _found(self, details: Details) -> Handler:
        return next((found for inside in self._inside if (found := inside.service(details)) is not None), None)

    def _guarded(self, method: str, handler: Handler) -> tuple[Handler, Handler]:
        answer = handler.unary_unary

        async def told(message: object, context: Context) -> object:
            self.begun += 1
            if self._trailer:
                context.set_trailing_metadata(self._trailer)
            try:
                if message is None:
                    raise unknown()
                caller = self._known.identify(context)
                callers.current.set(caller)
                with caller.admitted():
                    response = await answer(message, context)
            except Exception as error:
                outward = Outward.of(error)
                note(method, outward, error)
                if isinstance(error, OverLimitError):
                    self._metrics.over_limit(caller_name(), error.reason)
                self._metrics.call(method, outward.status.value)
                await context.abort_with_status(outward.to_grpc(self._trailer))
            self._metrics.call(method, "OK")
            return response

        async def refused(_messages: object, context: Context) -> object:
            return await told(None, context)

        forms = handler.request_deserializer, handler.response_serializer
        # As if there were many messages, which gRPC takes in when they are asked for: what nobody reads has no more
        # than the window of its stream, and there may be hundreds on each connection.
        return (
            grpc.unary_unary_rpc_method_handler(told, *forms),
            grpc.stream_unary_rpc_method_handler(refused, *forms),
        )


class ReflectionInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the published types only
    """Shows the service's methods to those only who may see them."""

    def __init__(self, known: Callers) -> None:
        """Accept the callers in *known*."""
        self._known = known

    async def intercept_service(self, continuation: Continuation, details: Details) -> Handler:
        """Refuse reflection to unknown callers, and to those without the permission; the rest passes as it is."""
        handler = await continuation(details)
        if handler is None or not details.method.startswith(REFLECTION):
            return handler
        return _guarded_stream(handler, self._known)


def _guarded_stream(handler: Handler, known: Callers) -> Handler:
    answer = handler.stream_stream

    async def guarded(requests: object, context: Context) -> AsyncIterator[object]:
        try:
            known.identify(context).require("reflection", context.peer())
        except ProtocolError as error:
            await context.abort_with_status(Outward.of(error).to_grpc())
        async for response in answer(requests, context):
            yield response

    return grpc.stream_stream_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)


# Who has no token shall not fill a disk.
_of_nobody = Sparing(1.0)


def note(method: str, outward: Outward, error: Exception) -> None:
    """Log why *method* gave no decision."""
    if isinstance(error, OverLimitError) and error.repeated:
        return
    if outward.status is Status.UNAUTHENTICATED and not _of_nobody.due():
        return
    log = _log.bind(method=method, status=outward.status.value, reason=outward.reason, caller=caller_name())
    if isinstance(error, OverLimitError):
        log.warning("over limit", retry_after=round(error.retry_after, 3))
    elif isinstance(error, ProtocolError):
        log.info("refused", field=error.field)
    elif isinstance(error, ActasError | TimeoutError):
        log.warning("no decision", message=outward.message)
    else:
        # Only the kind and the place: the text of a foreign error may repeat a piece of the request.
        log.error("internal error", kind=type(error).__name__, at=_place(error))


def caller_name() -> str:
    """Name the caller of the call in progress, as far as it is known."""
    caller = callers.current.get(None)
    return caller.name if caller is not None else ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
