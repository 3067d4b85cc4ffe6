"""A tiny policy on the real OPA, and servers that misbehave in OPA's place."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from actas.engine.opa_binary import resolve_opa
from actas.engine.sidecar import SidecarEngine

REVISION = "0123456789ab"

# The request's name comes back in the denial, so a test sees whose answer it got.
DECISION = """package actas.decision

decision := object.union(_total, object.get(input, "override", {})) if {
	_is_evaluable
	_is_finished
}

# Under strict built-in errors a poisonous request breaks the whole call.
_is_evaluable if not input.poison

_is_evaluable if to_number(input.poison)

_is_finished if not input.slow

_is_finished if count([n | some n in numbers.range(1, input.slow)]) > 0

_total := {
	"revision": data.actas.revision,
	"effect": "DENY",
	"denials": [{"code": "TEST", "rule": "test", "reason": object.get(input, "name", "")}],
	"error": "invalid_request",
	"obligations": [],
	"notes": [],
	"withheld_scope": [],
	"limits": null,
	"act": null,
	"disabled_rules": [],
	"actor": null,
	"actor_agent": "",
}
"""

BATCH = """package actas.batch

decisions[id] := decision if {
	some id, item in input.items
	found := [value | value := data.actas.decision.decision with input as item]
	decision := found[0]
}
"""

TESTING = """package actas.testing

decision := found[0] if {
	found := [value |
		value := data.actas.decision.decision with input as object.union(
			input.request,
			{"name": object.get(input, ["data", "name"], "no data")},
		)
	]
}
"""


@cache
def opa() -> Path:
    """The real OPA binary."""
    return resolve_opa()


def build_bundle(directory: Path, files: dict[str, str] | None = None, *, revision: str = REVISION) -> Path:
    """Build a policy bundle as activation does; *files* are added to the tiny policy or replace its files."""
    source = directory / "source"
    content = {
        ".manifest": json.dumps({"roots": ["actas", "custom/actas"], "revision": revision}),
        "data.json": json.dumps({"actas": {"revision": revision}}),
        "actas/decision/decision.rego": DECISION,
        "actas/batch/batch.rego": BATCH,
        "actas/testing/testing.rego": TESTING,
        **(files or {}),
    }
    for name, text in content.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    bundle = directory / "bundle.tar.gz"
    subprocess.run([opa(), "build", "-b", source, "-o", bundle], check=True, capture_output=True)
    return bundle


async def start_engine(directory: Path, **options: Any) -> SidecarEngine:
    """The engine on the tiny policy."""
    return await SidecarEngine.start(
        build_bundle(directory), revision=REVISION, digest="sha256:0", opa=opa(), **options
    )


async def until(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    """Wait for something that the engine does by itself."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


Answer = Callable[[str], Awaitable[bytes]]


def http(body: str | bytes, status: str = "200 OK", headers: str = "Content-Type: application/json\r\n") -> bytes:
    """One HTTP response."""
    content = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content


class Impostor:
    """An HTTP server in OPA's place: answers what *answer* says and remembers every byte it got."""

    def __init__(self, answer: Answer, server: asyncio.Server) -> None:
        self.answer = answer
        self.received = b""
        self._server = server
        self._connections: set[asyncio.StreamWriter] = set()

    @classmethod
    async def listen(cls, answer: Answer, *, port: int = 0, tls: ssl.SSLContext | None = None) -> Impostor:
        """Listen on loopback."""
        impostor: Impostor

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await impostor.serve(reader, writer)

        server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
        impostor = cls(answer, server)
        return impostor

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the other side goes away."""
        self._connections.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.received += head
                path = head.split(b" ", 2)[1].decode()
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                if length:
                    self.received += await reader.readexactly(int(length[0].split(b":")[1]))
                writer.write(await self.answer(path))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        for writer in self._connections:
            writer.close()
        await asyncio.sleep(0)


ALLOW: dict[str, Any] = {
    "revision": REVISION,
    "effect": "ALLOW",
    "denials": [],
    "error": "",
    "obligations": [],
    "notes": [],
    "withheld_scope": [],
    "limits": {
        "scope": ["everything"],
        "audience": ["https://api.example"],
        "max_lifetime_seconds": 600,
        "authorization_details": [],
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "cnf": None,
    },
    "act": None,
    "disabled_rules": [],
    "actor": None,
    "actor_agent": "",
}


async def answer_allow(path: str) -> bytes:
    """What an impostor would say: the right revision, healthy, and allow to everything."""
    if "actas/revision" in path:
        return http(json.dumps({"result": REVISION}))
    return http(json.dumps({"result": ALLOW}))
