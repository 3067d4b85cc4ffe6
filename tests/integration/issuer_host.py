"""A host that publishes keys and introspects tokens over https, and does so in every way that a test asks for."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from keycloak_certificates import Authority

SECRET, CLIENT = "s3cret & öther", "actas client"


class IssuerHost:
    """What it answers, and what it was asked. `mode` says how: `ok`, or a way of failing."""

    def __init__(self, keys: Mapping[str, Any], authority: Authority) -> None:
        """Publish *keys* under a certificate of *authority*."""
        self.keys: Any = keys
        self.mode = "ok"
        self.asked: list[str] = []
        self.tokens: dict[str, dict[str, Any]] = {}
        self.ca_file = authority.file
        self.port = 0
        self.over = threading.Event()

    @property
    def host(self) -> str:
        """Its name as a trust anchor."""
        return f"localhost:{self.port}"

    def url(self, path: str = "/keys") -> str:
        """Give the address of *path* on it."""
        return f"https://{self.host}{path}"

    def trust(self, **settings: Any) -> dict[str, Any]:
        """Give a table `[trust]` that names this host, with the file of its authority."""
        return {"hosts": [self.host], "private_hosts": [self.host], "ca_file": str(self.ca_file), **settings}

    def count(self, path: str = "/keys") -> int:
        """How often *path* was asked for."""
        return self.asked.count(path)

    def answer(self, path: str, form: Mapping[str, list[str]], authorization: str) -> tuple[int, bytes, dict[str, str]]:
        """Answer one request."""
        self.asked.append(path)
        match self.mode:
            case "down":
                return 503, b"", {}
            case "slow":
                self.over.wait(30)
            case "huge":
                return 200, json.dumps({**self.keys, "x": "x" * (2 << 20)}).encode(), {}
            case "redirecting":
                return 302, b"", {"Location": f"https://127.0.0.1:{self.port}/moved"}
            case "packed":
                return 200, b"\x1f\x8b", {"Content-Encoding": "gzip"}
            case "nonsense":
                return 200, b"<html>not found</html>", {}
        return (200, json.dumps(self.keys).encode(), {}) if path != "/introspect" else self._said(form, authorization)

    def _said(self, form: Mapping[str, list[str]], authorization: str) -> tuple[int, bytes, dict[str, str]]:
        # RFC 6749, section 2.3.1: both are form-urlencoded before they are put together.
        pair = base64.b64encode(b"actas+client:s3cret+%26+%C3%B6ther").decode()
        if authorization != f"Basic {pair}":
            return 401, b"", {}
        said = self.tokens.get(form.get("token", [""])[0], {"active": False})
        return 200, json.dumps(said).encode(), {}


@contextmanager
def issuer_host(folder: Path, keys: Mapping[str, Any], name: str = "localhost") -> Iterator[IssuerHost]:
    """Run one whose certificate is for *name*, as long as the context lasts."""
    folder.mkdir(exist_ok=True)
    authority = Authority(folder, f"authority-{name}")
    state = IssuerHost(keys, authority)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            self._say(*state.answer(self.path, {}, ""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._say(*state.answer(self.path, parse_qs(body), self.headers.get("Authorization", "")))

        def _say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for header, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is none."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(name))
    # The handshake belongs to the thread of the connection, not to the one that accepts.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
