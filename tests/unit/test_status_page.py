"""The loopback page with metrics and readiness."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actas.decision import Decision, Denial, Effect, PolicyRef
from actas.listener import Listener
from actas.server.metrics import Metrics
from actas.server.status_page import StatusPage

DENY = Decision(
    decision_id="d",
    request_id="r",
    effect=Effect.DENY,
    policy=PolicyRef("rev", "digest", "state"),
    evaluated_at=1.0,
    valid_until=1.0,
    denials=(Denial("ACR_INSUFFICIENT", "step_up", ""), Denial("AUTH_TOO_OLD", "step_up", "")),
)


@pytest.fixture
async def page() -> AsyncIterator[tuple[Metrics, dict[str, Any], int]]:
    """A page that listens on a free port."""
    metrics, detail = Metrics(), dict[str, Any](ready=True)
    page = StatusPage(metrics.exposition, lambda: detail)
    port = await page.start(Listener(host="127.0.0.1"))
    yield metrics, detail, port
    await page.stop()


async def ask(port: int, request: bytes) -> tuple[int, str]:
    """Send raw bytes, read everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split(" ")[1]) if head else 0, body


async def test_metrics_count_decisions_by_effect_and_primary_code(page: tuple[Metrics, dict[str, Any], int]) -> None:
    """A decision counts once, under the code that decided."""
    metrics, _, port = page
    metrics.decision(DENY)
    metrics.serving("rev-2", "sha256:x")

    status, body = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")

    assert status == 200
    assert 'actas_decisions_total{code="ACR_INSUFFICIENT",effect="DENY"} 1.0' in body
    assert 'actas_policy_info{digest="sha256:x",revision="rev-2"} 1.0' in body
    assert "AUTH_TOO_OLD" not in body


async def test_readiness_says_what_is_wrong(page: tuple[Metrics, dict[str, Any], int]) -> None:
    """A load balancer sees the status, a person the reason."""
    _, detail, port = page
    detail.update(ready=False, engine="OPA has ended and is being started again")

    status, body = await ask(port, b"GET /ready HTTP/1.1\r\n\r\n")

    assert status == 503
    assert json.loads(body)["engine"].startswith("OPA has ended")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"nonsense\r\n\r\n", 0),
        (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n\r\n", 0),
        (b"\xff\xff\xff\r\n\r\n", 0),
        (b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 0),
    ],
)
async def test_anything_else_is_refused(
    page: tuple[Metrics, dict[str, Any], int], request_bytes: bytes, status: int
) -> None:
    """Broken requests get no answer and do no harm."""
    assert (await ask(page[2], request_bytes))[0] == status
    assert (await ask(page[2], b"GET /ready HTTP/1.1\r\n\r\n"))[0] == 200
