"""The real OPA behind a proxy that can misbehave in its place, for a service that is told its URL."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy
from ports import free_port


class FaultyOpa:
    """Passes everything on, unless *fault* is set: then a decision is answered with that.

    A fault is a document for OPA's `result`, bytes to answer as they are, a status, or one of the words
    `hang`, `close`, `nothing` and `redirect`.
    """

    def __init__(self, behind: str, revision: str) -> None:
        """Stand before the OPA at the URL *behind*."""
        self.fault: Any = None
        self.revision = revision
        self.url = ""
        self.asked = 0
        self._behind = behind
        self._session = aiohttp.ClientSession()

    async def start(self, port: int = 0) -> None:
        """Listen on loopback."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def close(self) -> None:
        """End for good."""
        await self.stop()
        await self._session.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fault = self.fault
        if fault is None or not ("decision" in request.path or "batch" in request.path):
            url = f"{self._behind}{request.path_qs}"
            async with self._session.request(request.method, url, data=body, headers=_plain(request)) as answer:
                return web.Response(body=await answer.read(), status=answer.status, content_type="application/json")
        self.asked += 1
        return await self._misbehave(request, fault, json.loads(body)["input"])

    async def _misbehave(self, request: web.Request, fault: Any, question: dict[str, Any]) -> web.StreamResponse:
        if fault == "hang":
            await asyncio.sleep(30)
        if fault == "close":
            assert request.transport is not None
            request.transport.abort()
        if fault == "nothing":
            return web.json_response({})
        if fault == "redirect":
            return web.Response(status=307, headers={"Location": f"{self._behind}{request.path_qs}"})
        if isinstance(fault, int):
            return web.json_response({"code": "internal_error", "message": "canary"}, status=fault)
        if isinstance(fault, bytes):
            return web.Response(body=fault, content_type="application/json")
        several = question.get("items") if "batch" in request.path else None
        result = fault["result"] if several is None else dict.fromkeys(several, fault["result"])
        return web.json_response({"result": result})


def _plain(request: web.Request) -> dict[str, str]:
    return {"Content-Type": request.headers.get("Content-Type", "application/json")}


@asynccontextmanager
async def faulty_opa(root: Path, folder: Path) -> AsyncIterator[FaultyOpa]:
    """Run the real OPA with the shipped policies and *root*, and a proxy before it."""
    binary, port = resolve_opa(), free_port()
    bundle = compile_policy([root], opa=binary, into=folder)
    command: list[str | Path] = [binary, "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error"]
    process = subprocess.Popen([*command, "--skip-version-check", "--bundle", bundle.path])
    proxy = FaultyOpa(f"http://127.0.0.1:{port}", bundle.revision)
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):
                await asyncio.sleep(0.02)
        await proxy.start()
        yield proxy
    finally:
        await proxy.close()
        process.kill()
        process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
