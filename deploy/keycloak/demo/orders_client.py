"""What an agent does at the MCP server: calls a tool with the token that it was issued for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

SECONDS = 10.0
_PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered; *error* where it refused."""

    text: str
    error: bool
    data: Any = field(default=None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How the HTTP request itself was answered (RFC 6750, section 3)."""

    status: int
    challenge: str


def call(url: str, token: str, tool: str, arguments: Mapping[str, Any] | None = None) -> Answer:
    """Call *tool* with the MCP client."""
    return asyncio.run(_call(url, token, tool, dict(arguments or {})))


async def _call(url: str, token: str, tool: str, arguments: dict[str, Any]) -> Answer:
    async with AsyncExitStack() as stack:
        # The environment's proxy must not see the token.
        http = httpx2.AsyncClient(headers=_bearer(token), timeout=SECONDS, trust_env=False)
        await stack.enter_async_context(http)
        client = await stack.enter_async_context(Client(streamable_http_client(url, http_client=http)))
        result = await client.call_tool(tool, arguments)
    text = " ".join(part.text for part in result.content if part.type == "text")
    return Answer(text, bool(result.is_error), result.structured_content)


def present(url: str, token: str | None) -> Refusal:
    """Present *token* in a plain HTTP request, to see the answer that the MCP client would hide."""
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    headers |= _bearer(token) if token is not None else {}
    with httpx.Client(timeout=SECONDS, trust_env=False) as client:
        answer = client.post(url, content=json.dumps(_PING), headers=headers)
    return Refusal(answer.status_code, answer.headers.get("www-authenticate", ""))


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
