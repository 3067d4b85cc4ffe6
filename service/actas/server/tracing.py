"""Optional OpenTelemetry traces: one span per call, continued from the caller's `traceparent`.

Nothing of OpenTelemetry is imported unless the configuration names a collector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from actas.server.interceptors import HEALTH, Context, Continuation, Details, Handler

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


class TraceInterceptor(aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the published types only
    """Opens a span around each call. Spans hold the method and the status, nothing of the request."""

    def __init__(self, provider: TracerProvider) -> None:
        """Trace with *provider*."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._tracer = provider.get_tracer("actas")
        self._propagator = TraceContextTextMapPropagator()

    async def intercept_service(self, continuation: Continuation, details: Details) -> Handler:
        """Wrap the method; health checks and streams are not traced."""
        from opentelemetry.trace import SpanKind

        handler = await continuation(details)
        answer = handler and (handler.unary_unary or handler.stream_unary)
        if answer is None or details.method.startswith(HEALTH):
            return handler
        carrier = {name: value for name, value in details.invocation_metadata if name in {"traceparent", "tracestate"}}
        name = details.method.removeprefix("/")

        async def traced(message: object, context: Context) -> object:
            parent = self._propagator.extract(carrier)
            # Not the error itself: its text may repeat a piece of the request.
            with self._tracer.start_as_current_span(
                name, parent, SpanKind.SERVER, {"rpc.system": "grpc"}, record_exception=False
            ) as span:
                try:
                    return await answer(message, context)
                finally:
                    span.set_attribute("rpc.grpc.status_code", _number(context.code()))

        again = grpc.unary_unary_rpc_method_handler if handler.unary_unary else grpc.stream_unary_rpc_method_handler
        return again(traced, handler.request_deserializer, handler.response_serializer)


def start(endpoint: str) -> tuple[TraceInterceptor, Callable[[], None]]:
    """Send spans to the collector at *endpoint*; returns the interceptor and what flushes the rest at the end."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "actas"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    return TraceInterceptor(provider), provider.shutdown


def _number(code: object) -> int:
    """Read a code, which the context tells as grpcio's pair or as a bare number; nothing set is OK."""
    if isinstance(code, grpc.StatusCode):
        return int(code.value[0])
    return code if isinstance(code, int) else 0
