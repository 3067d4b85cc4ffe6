"""The fuzz targets: each draws inputs with hypothesis and gives them to the harness."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable

from harness import Harness
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from mutations import VECTORS, Mutant, bytes_like, mutants

from actas import wire
from actas.document import from_document
from actas.errors import ProtocolError

# As many as travel together in one call to OPA when a service is busy.
BATCH = 25
DOCUMENTS = [json.dumps(vector["request"]).encode() for vector in VECTORS]
YAML_DOCUMENTS = [b"authorization_server: a\ngrant_type: b\nscope: 'c d'\nresource: [e]\nclient: {client_id: f}\n"]


def _messages() -> list[bytes]:
    found = []
    for vector in VECTORS:
        try:
            found.append(wire.request_to_proto(from_document(vector["request"])).SerializeToString())
        except ProtocolError:
            continue  # a vector of broken shape
    return found


class Targets:
    """Runs the targets one after the other; *progress* hears a sentence now and then."""

    def __init__(
        self, harness: Harness, runner: asyncio.Runner, *, number: int, end: float, progress: Callable[[str], None]
    ) -> None:
        """Draw from the seed *number* and stop drawing at *end* on the monotonic clock."""
        self._harness = harness
        self._runner = runner
        self._number = number
        self._end = end
        self._progress = progress
        self._told = time.monotonic()
        self.given = 0

    def exchanges(self, inputs: int) -> None:
        """Mutated exchanges, through the whole way."""

        def each(batch: list[Mutant]) -> int:
            self._runner.run(self._harness.exchanges(batch))
            return len(batch)

        self._run(each, st.lists(mutants(), min_size=BATCH, max_size=BATCH), inputs // BATCH, "exchanges")

    def messages(self, inputs: int) -> None:
        """Raw bytes, to the parser of messages."""

        def each(data: bytes) -> int:
            self._harness.message(data)
            return 1

        self._run(each, bytes_like(_messages()), inputs, "messages")

    def documents(self, inputs: int) -> None:
        """Raw bytes, to the parsers of documents."""

        def each(data: bytes) -> int:
            self._harness.document(data, yaml=False)
            self._harness.document(data, yaml=True)
            return 2

        self._run(each, bytes_like(DOCUMENTS + YAML_DOCUMENTS), inputs // 2, "documents")

    def _run(self, each: Callable[[object], int], drawn: st.SearchStrategy[object], examples: int, name: str) -> None:  # type: ignore[type-arg]
        @seed(self._number)
        @settings(
            max_examples=max(1, examples),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn)
        def target(value: object) -> None:
            if time.monotonic() > self._end:
                return
            self.given += each(value)
            if time.monotonic() - self._told > 2:
                self._told = time.monotonic()
                self._progress(f"{name}: {self.given} inputs, {len(self._harness.findings)} findings")

        target()


def tell(sentence: str) -> None:
    """Say how far it is."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()
