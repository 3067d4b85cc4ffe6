"""A whole service on the real OPA: an adopter's root, an exchange that it allows, and the service as a process."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil

from actas.document import from_document
from actas.request import ExchangeRequest

AS = "https://as.example.com"
AGENT = "spiffe://example.org/agent/mail"
MAIL = "https://mail.example.com/"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"

REGISTRY = f"""\
authorization_servers: [{AS}]
issuers:
  {AS}: [subject, actor, act, may_act]
clients:
  agent-mail: {{actors: ["{AGENT}"], scopes: [mail.read], targets: ["{MAIL}"]}}
targets:
  {MAIL}: {{scopes: {{mail.read: {{}}}}, default_scope: mail.read}}
trust_domains:
  example.org: {{kind: own}}
"""

SUITE = f"""\
suite: Whoever is not authenticated gets nothing
now: 2027-01-15T08:00:00Z
cases:
  - name: an unauthenticated client is denied
    request:
      authorization_server: {AS}
      grant_type: urn:ietf:params:oauth:grant-type:token-exchange
      client: {{client_id: agent-mail}}
    expect: {{effect: DENY, codes: [CLIENT_NOT_AUTHENTICATED]}}
"""


def adopter_root(folder: Path) -> Path:
    """Write a policy repository with a registry and one suite."""
    files = {
        ".manifest": '{"roots": ["custom/actas"]}',
        "custom/actas/registry/data.yaml": REGISTRY,
        "custom/actas/settings/data.yaml": "max_lifetime_seconds: 900\n",
        "cases/denied.yaml": SUITE,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def exchange(**changes: Any) -> ExchangeRequest:
    """Give an exchange that the root allows now, with the members in *changes* replaced."""
    now = int(time.time())
    subject = {"iss": AS, "sub": "alice", "aud": ["agent-mail"], "client_id": "chat-ui", "iat": now - 100}
    subject |= {"exp": now + 3600, "jti": "st-1", "scope": "mail.read", "auth_time": now - 100}
    actor = {"sub": AGENT, "aud": [AS], "iat": now - 10, "exp": now + 300}
    document: dict[str, Any] = {
        "request_id": "r-1",
        "authorization_server": AS,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "client": {"client_id": "agent-mail", "authenticated": True, "confidential": True},
        "subject_token": {
            "token_type": ACCESS_TOKEN,
            "header": {"typ": "at+jwt", "alg": "RS256"},
            "verified": True,
            "claims": {**subject, "may_act": {"sub": AGENT}},
        },
        "actor_token": {
            "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "header": {"alg": "ES256", "kid": "k1", "typ": "JWT"},
            "verified": True,
            "kind": "jwt_svid",
            "bundle_trust_domain": "example.org",
            "claims": actor,
        },
        "actor_workload": {"spiffe_id": AGENT},
        "requested_token_type": ACCESS_TOKEN,
        "resource": [MAIL],
        "scope": "mail.read",
        "requested_lifetime": 600,
    }
    return from_document({**copy.deepcopy(document), **changes})


class RunningService:
    """`actas.server.start.run` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        """Keep the process and its log."""
        self.process = process
        self.folder = folder
        self._events: list[dict[str, Any]] = []
        self._read = 0

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        # Under load there are thousands of lines a second, and whoever waits looks often: each is read once.
        with (self.folder / "log").open("rb") as log:
            log.seek(self._read)
            # The last line may still be being written.
            whole, ending, _ = log.read().rpartition(b"\n")
        self._read += len(whole) + len(ending)
        self._events += (json.loads(line) for line in whole.splitlines() if line.startswith(b"{"))
        return list(self._events)

    async def event(self, name: str, *, count: int = 1, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until it has logged the event *name* that many times, and give the last one."""
        await until(lambda: sum(event["event"] == name for event in self.events) >= count, seconds)
        return [event for event in self.events if event["event"] == name][count - 1]

    @property
    def address(self) -> str:
        """Where it listens."""
        serving = next(event for event in self.events if event["event"] == "serving")
        return str(serving["listen"][0])

    def children(self) -> list[psutil.Process]:
        """Every process that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    @property
    def opa(self) -> psutil.Process:
        """Its OPA child, which the sidecar engine has."""
        return next(child for child in self.children() if child.name() == "opa")

    def ready(self, port: int) -> tuple[int, dict[str, Any]]:
        """Ask `/ready`."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait for *condition*."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def service(folder: Path, settings: Mapping[str, Any] | None = None) -> AsyncIterator[RunningService]:
    """Run a service with *settings* as `ACTAS_*`, on a free port, in one process if nothing else is said."""
    given = {"listen": "127.0.0.1:0", "pid_file": folder / "serve.pid", "workers": 1, **(settings or {})}
    environment = os.environ | {f"ACTAS_{name.upper()}": str(value) for name, value in given.items()}
    code = "from actas.config import load; from actas.server.start import run; run(load())"
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=folder, stderr=log, text=True)
    running = RunningService(process, folder)
    try:
        await until(lambda: process.poll() is not None or any(e["event"] == "serving" for e in running.events), 60)
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


@contextmanager
def lasting(folder: Path, settings: Mapping[str, Any] | None = None) -> Iterator[RunningService]:
    """Run a service as `service` does, for tests that are not asynchronous or share it."""
    with asyncio.Runner() as runner:
        running = service(folder, settings)
        try:
            yield runner.run(running.__aenter__())
        finally:
            runner.run(running.__aexit__(None, None, None))
