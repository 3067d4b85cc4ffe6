"""What the doctor sends, and to whom: an HTTP server that notes it stands in Keycloak's place."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from actas.doctor.keycloak_api import Keycloak, KeycloakUnreadableError, Login

SECRET, TOKEN = "a-password", "an-admin-token"


class Noting(ThreadingHTTPServer):
    """Answers everything alike and keeps each path with what came along."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str, str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Noting

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append((self.path, self.headers["Host"], self.headers.get("Authorization", ""), body))
        answer = json.dumps({"access_token": TOKEN, "issuer": "https://sso.example.com"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - the name is the library's

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def noting() -> Iterator[Noting]:
    """Give a server that runs."""
    with Noting() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_public_metadata_is_asked_for_without_the_token() -> None:
    """Least of all under another name, which a proxy may pass to somebody else."""
    with noting() as server, Keycloak(f"http://127.0.0.1:{server.server_port}") as keycloak:
        keycloak.log_in(Login(user="admin", secret=SECRET))
        keycloak.issuer("agents")
        keycloak.issuer("agents", host="other.invalid")
        keycloak.object("/admin/serverinfo")
        tokens = {(host, token) for path, host, token, _body in server.seen if "/.well-known/" in path}
        assert tokens == {(f"127.0.0.1:{server.server_port}", ""), ("other.invalid", "")}
        assert server.seen[-1][2] == f"Bearer {TOKEN}"


def test_what_is_for_this_machine_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http is for this machine only, and a proxy is another one that would read the password."""
    with noting() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with Keycloak("http://localhost:1") as keycloak, pytest.raises(KeycloakUnreadableError, match="reached"):
            keycloak.log_in(Login(user="admin", secret=SECRET))
        assert proxy.seen == []


@pytest.mark.parametrize("url", ["http://unix", "http://unix:8080", "http://127.0.0.1.example.com", "http://0.0.0.0"])
def test_a_name_that_only_looks_local_gets_no_password(url: str) -> None:
    """A host is judged as a host; `unix:` is an address of listeners."""
    with pytest.raises(KeycloakUnreadableError, match="use https"):
        Keycloak(url)
