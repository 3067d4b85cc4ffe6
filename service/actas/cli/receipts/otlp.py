"""Receipts as OpenTelemetry logs, to a collector (OTLP over HTTP)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from actas.cli.exits import bad_input
from actas.errors import StoreError

try:
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk._logs.export import LogRecordExportResult
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
except ImportError:
    raise bad_input("--format otlp needs the extra: pip install 'actas[tracing]'") from None

_NANOS = 1_000_000_000


class Collector:
    """A collector at *endpoint*, its base URL; the environment may add headers and more (OTEL_EXPORTER_OTLP_*)."""

    def __init__(self, endpoint: str) -> None:
        """Prepare; it is reached when something is sent."""
        self._exporter = OTLPLogExporter(endpoint=f"{endpoint.rstrip('/')}/v1/logs")
        self._resource = Resource.create({"service.name": "actas"})
        self._scope = InstrumentationScope("actas.receipts")

    def send(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Send *entries*, and return when the collector has taken them; raises StoreError when it has not."""
        records = [ReadableLogRecord(_record(entry), self._resource, self._scope) for entry in entries]
        if self._exporter.export(records) is not LogRecordExportResult.SUCCESS:
            raise StoreError("the collector did not take the receipts; those before them are there")

    def close(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # untyped in the library


def _record(entry: Mapping[str, Any]) -> LogRecord:
    denied = entry.get("effect") == "DENY"
    actor = entry.get("actor", {})
    attributes = {
        "actas.decision_id": entry["decision_id"],
        "actas.root_decision_id": entry.get("root_decision_id"),
        "actas.effect": entry.get("effect"),
        "actas.code": next(iter(entry.get("codes", ())), None),
        "actas.agent": actor.get("agent"),
        "actas.agent.version": actor.get("version"),
        "actas.writer": entry["writer"],
        "actas.seq": entry["seq"],
    }
    return LogRecord(
        timestamp=int(entry["evaluated_at"] * _NANOS),
        severity_number=SeverityNumber.WARN if denied else SeverityNumber.INFO,
        severity_text="WARN" if denied else "INFO",
        # As text: a number beyond 64 bits, or half of a pair of surrogates, would be no value of OTLP.
        body=json.dumps(entry),
        attributes={name: value for name, value in attributes.items() if value is not None},
        event_name=f"actas.{entry['kind']}",
    )
