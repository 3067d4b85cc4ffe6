"""The peer: the same service, but every request is one call of its own through opa-python-client.

It asks an OPA as opa-python-client expects it: plain HTTP, no token, no `system.authz`. All that Actas adds in its
engine is missing here, so what differs is the engine alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from opa_client import AsyncOpaClient
from servers import opa_alone

from actas.cli.main import app
from actas.engine import EngineHealth, PolicyEngine, PolicyResult
from actas.engine.opa_binary import resolve_opa
from actas.engine.result import parse_result
from actas.policy.bundle import CompiledPolicy
from actas.server import revisions

# The client gives up after 1.5 seconds unless it is told otherwise, which 128 callers may have to wait.
SECONDS = 30.0


class OneCallEngine:
    """One question, one call."""

    def __init__(self, compiled: CompiledPolicy, opa: Path) -> None:
        self.revision, self.bundle_digest = compiled.revision, compiled.digest
        self._stack = ExitStack()
        host, port = self._stack.enter_context(opa_alone(opa, compiled.path)).address.split(":")
        self._client = AsyncOpaClient(host=host, port=int(port), timeout=SECONDS)

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Ask for one decision."""
        async with asyncio.timeout(timeout):
            answer = await self._client.query_rule(
                policy_input, "actas/decision/decision", query_params={"strict-builtin-errors": "true"}
            )
        return parse_result(answer["result"])

    def health(self) -> EngineHealth:
        """OPA is there as long as the benchmark runs."""
        return EngineHealth(True, "")

    async def close(self) -> None:
        """End the client and OPA."""
        await self._client.close_connection()
        self._stack.close()


async def _start_engine(_: revisions.OwnRevisions, compiled: CompiledPolicy) -> PolicyEngine:
    engine = OneCallEngine(compiled, resolve_opa())
    await engine._client._init_session()
    return engine


if __name__ == "__main__":
    import sys

    revisions.OwnRevisions._start_engine = _start_engine  # type: ignore[method-assign]  # the one thing that differs
    sys.argv.insert(1, "serve")
    app()
