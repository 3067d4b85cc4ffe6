"""`actas receipts export`: everything, in order, to a file or a collector, and what is new the next time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from actas.receipts import exporting
from actas.store import Database
from cli_support import actas
from receipt_documents import denied, name, receipt
from receipt_support import fill, opened


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A store of two writers."""
    with opened("sqlite", tmp_path) as database:
        fill(database, [receipt(1), denied(3, parent=1)])
        fill(database, [receipt(2, parent=1)])
        yield database


@contextmanager
def collector(*, status: int = 200) -> Iterator[tuple[str, list[ExportLogsServiceRequest]]]:
    """Run a collector that answers *status*."""
    taken: list[ExportLogsServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if status == 200 and self.path == "/v1/logs":
                taken.append(ExportLogsServiceRequest.FromString(body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()


def test_everything_is_written_chain_by_chain_and_then_what_is_new(database: Database, tmp_path: Path) -> None:
    """The position says how far each chain was written; subjects are readable."""
    options = ("export", "--receipts", str(database.address), "--position", tmp_path / "position.json")
    first = actas("receipts", *options)
    assert first.status == 0, first.complaint
    decisions = [line for line in first.documents if line["kind"] == "decision"]
    assert [line["decision_id"] for line in decisions] == [name(1), name(3), name(2)]
    assert {line["subject"]["sub"] for line in decisions} == {"alice"}
    assert [(line["writer"], line["seq"]) for line in first.documents] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]

    assert actas("receipts", *options).output == ""
    fill(database, [receipt(4)])
    assert [line["kind"] for line in actas("receipts", *options).documents] == ["start", "decision"]


def test_a_chain_longer_than_a_batch_is_written_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry is missed between two batches, wherever an export begins."""
    monkeypatch.setattr(exporting, "BATCH", 2)
    whole = [(piece.writer, entry["seq"]) for piece in exporting.export(database, {}) for entry in piece.entries]
    assert whole == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    rest = [
        (piece.writer, entry["seq"]) for piece in exporting.export(database, {1: 2, 2: 2}) for entry in piece.entries
    ]
    assert rest == [(1, 3)]


def test_a_collector_gets_logs(database: Database, tmp_path: Path) -> None:
    """One log record per entry, with what a search needs as attributes, and the receipt as body."""
    with collector() as (endpoint, taken):
        done = actas(
            "receipts", "export", "--receipts", str(database.address), "--format", "otlp", "--endpoint", endpoint
        )
    assert done.status == 0, done.complaint
    records = [
        record
        for request in taken
        for resource in request.resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]
    assert [record.event_name for record in records].count("actas.decision") == 3
    refused = next(record for record in records if record.severity_text == "WARN")
    attributes = {entry.key: entry.value.string_value for entry in refused.attributes}
    assert (attributes["actas.decision_id"], attributes["actas.code"]) == (name(3), "SCOPE_EMPTY")
    assert json.loads(refused.body.string_value)["subject"]["sub"] == "alice"


def test_what_the_collector_does_not_take_is_sent_again(database: Database, tmp_path: Path) -> None:
    """The position stays where it was, and the command says so."""
    position = tmp_path / "position.json"
    with collector(status=400) as (endpoint, _):
        options = ("--receipts", str(database.address), "--format", "otlp", "--endpoint", endpoint)
        done = actas("receipts", "export", *options, "--position", position)
    assert done.status == 3
    assert "the collector did not take the receipts" in done.complaint
    assert not position.exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--format", "otlp"], "--endpoint"),
        (["--endpoint", "http://127.0.0.1:1"], "--endpoint"),
        (["--position", "broken.json"], "is no position of an export"),
        (["--position", "other.json"], "is of another store"),
    ],
)
def test_what_makes_no_sense_is_bad_input(
    database: Database, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    """Nothing is exported then."""
    (tmp_path / "broken.json").write_text("[]", encoding="utf-8")
    (tmp_path / "other.json").write_text('{"store": "x", "after": {"1": 1}}', encoding="utf-8")
    done = actas("receipts", "export", "--receipts", str(database.address), *arguments, cwd=tmp_path)
    assert (done.status, done.output) == (2, "")
    assert complaint in done.complaint
