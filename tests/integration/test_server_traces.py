"""Traces: one span per call, continued from the caller's, with nothing of the request in it."""

from __future__ import annotations

import pytest
from grpc import aio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from actas import wire
from actas.server.tracing import TraceInterceptor
from server_support import REQUEST, ChosenDecider, send_bytes, served

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_call_is_a_span_of_the_callers_trace() -> None:
    """Method and status are told, and the trace is the caller's."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    data = wire.request_to_proto(REQUEST).SerializeToString()
    async with served(ChosenDecider(), around=[TraceInterceptor(provider)]) as server:
        await send_bytes(server.address, "Decide", data, (("traceparent", PARENT),))
        with pytest.raises(aio.AioRpcError):
            await send_bytes(server.address, "Decide", b"")

    decided, refused = exporter.get_finished_spans()
    assert decided.name == "actas.decision.v1.DecisionService/Decide"
    assert f"{decided.context.trace_id:032x}" == PARENT.split("-")[1]
    assert dict(decided.attributes or {}) == {"rpc.system": "grpc", "rpc.grpc.status_code": 0}
    assert dict(refused.attributes or {}) == {"rpc.system": "grpc", "rpc.grpc.status_code": 3}
    assert not decided.events
    assert not refused.events
