"""What the environment says of proxies is not for the client: the way to Actas is the one that it was given."""

from __future__ import annotations

import asyncio
import socket

import pytest

from actas.client import AsyncDecisionClient, DecisionClient
from server_support import REQUEST, ChosenDecider, served


@pytest.mark.parametrize("variable", ["http_proxy", "https_proxy", "grpc_proxy"])
async def test_no_variable_sends_a_call_elsewhere(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain text, which is for this machine alone, a proxy would see token and claims, and could allow anything."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        for name in ("no_proxy", "no_grpc_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.getsockname()[1]}")

        async with served(ChosenDecider()) as server:
            async with AsyncDecisionClient(server.address, timeout=10, connections=1) as client:
                assert (await client.decide(REQUEST)).decision_id == "d-1"
            with DecisionClient(server.address, timeout=10, connections=1) as asked:
                assert (await asyncio.to_thread(asked.decide, REQUEST)).decision_id == "d-1"

        with pytest.raises(BlockingIOError):
            proxy.accept()
