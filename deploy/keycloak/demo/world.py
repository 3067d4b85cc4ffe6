"""Everything that runs in the story: Keycloak with the provider, Actas, and the MCP server."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kc_dist
import kc_process
from kc_actas import Actas
from kc_maven import BuildError
from kc_process import StartError
from kc_server import HOSTNAME, REALM, Keycloak
from kc_tokens import MCP, Tokens
from names import Names

from ports import free_port

SERVER = Path(__file__).resolve().parent / "orders_db.py"
START_SECONDS = 30.0
STOP_SECONDS = 5.0

# What can go wrong before the story begins; each says in its message what, and what to do.
START_ERRORS = (StartError, BuildError)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class World:
    """All of them, running."""

    keycloak: Keycloak
    actas: Actas
    tokens: Tokens
    orders: Orders
    names: Names


class Orders:
    """The MCP server as a process of its own."""

    def __init__(self, keycloak: Keycloak, names: Names, folder: Path) -> None:
        """Start it where its resource says, or on another port where that one is taken."""
        self._log = folder / "orders.log"
        port = port_like(MCP)
        self.url = f"http://127.0.0.1:{port}{urlsplit(MCP).path}"
        command = [sys.executable, str(SERVER), "--issuer", keycloak.issuer, "--resource", MCP, "--port", str(port)]
        command += ["--jwks", f"{keycloak.url}/realms/agents/protocol/openid-connect/certs"]
        for sub, name in names.items():
            command += ["--name", f"{sub}={name}"]
        self._group = kc_process.Group(command, cwd=folder, env=kc_process.own_environment("MCP_"), log=self._log)

    def wait_until_it_serves(self) -> None:
        """Wait for its first line. Raises StartError."""
        end = time.monotonic() + START_SECONDS
        while not self.log():
            if self._group.ended or time.monotonic() > end:
                raise self._group.failed("The MCP server did not start:")
            time.sleep(0.05)

    def log(self) -> list[dict[str, Any]]:
        """Give the lines of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"event"')]

    def stop(self) -> None:
        """End it."""
        self._group.stop(STOP_SECONDS)


def port_like(url: str) -> int:
    """Give the port of *url* if nobody has it, otherwise one that is free."""
    port = urlsplit(url).port or 0
    with socket.socket() as probe:
        # Connections of an earlier run that are not forgotten yet are nobody's.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port


@contextmanager
def running(say: Say) -> Iterator[World]:
    """Start everything, and stop it again whatever happens. Raises one of START_ERRORS."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="actas-keycloak-demo-")))
        dist = kc_dist.ensure(say)
        say("Starting Actas: it compiles the policies, runs their suites and starts their engine ...")
        actas = stack.enter_context(Actas(keeps_receipts=True))
        say("Starting Keycloak, half a minute ...")
        keycloak = stack.enter_context(Keycloak(dist, port_like(HOSTNAME), target=actas.address))
        tokens = Tokens(keycloak)
        stack.callback(tokens.close)
        names = Names(REALM)
        orders = Orders(keycloak, names, folder)
        stack.callback(orders.stop)
        orders.wait_until_it_serves()
        yield World(keycloak, actas, tokens, orders, names)
