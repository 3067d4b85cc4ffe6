"""Two workers between Keycloak and the real Actas: they share a port, name themselves, and count what comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from lying_actas import LyingActas
from workers_support import shared_port


@contextmanager
def two_workers(truth: str) -> Iterator[tuple[str, list[LyingActas]]]:
    """Serve as two workers that ask the Actas at *truth*; gives their address, and both."""
    with shared_port() as address, ExitStack() as running:
        yield address, [running.enter_context(LyingActas(truth, address, worker=f"{n}/2")) for n in range(2)]
