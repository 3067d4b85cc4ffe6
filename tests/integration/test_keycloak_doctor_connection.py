"""Where `actas doctor keycloak` sends its password, and where not."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli_support import Ran, actas
from keycloak_certificates import Authority
from keycloak_support import REALM, Story
from ports import free_port

PASSWORD = {"ACTAS_KEYCLOAK_PASSWORD": "a pass phrase"}


def doctor(url: str, *arguments: str | Path, **environment: str) -> Ran:
    """Run the command."""
    return actas("doctor", "keycloak", "--url", url, "--realm", REALM, *arguments, env=environment)


@pytest.fixture
def token(keycloak_story: Story, tmp_path: Path) -> Path:
    """Write a token of the administrator into a file."""
    file = tmp_path / "token"
    file.write_text(keycloak_story.keycloak.admin_token() + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "url", ["http://keycloak.example", "ftp://127.0.0.1", "127.0.0.1:8180", "http://a:b@127.0.0.1", "https://x/?a=b"]
)
def test_a_password_is_not_sent_just_anywhere(url: str) -> None:
    """Plain text beyond this machine, and what is no address of Keycloak, are refused before the password leaves."""
    ran = doctor(url, "--user", "a", **PASSWORD)
    assert ran.status == 2
    assert ran.complaint.startswith("error: --url: ")


def test_nobody_there() -> None:
    """A Keycloak that does not answer is not a healthy one, and not a failed check either."""
    ran = doctor(f"http://127.0.0.1:{free_port()}", "--user", "admin", **PASSWORD)
    assert ran.status == 3
    assert "cannot be reached" in ran.complaint


def test_no_redirect_is_followed() -> None:
    """Whoever can answer in Keycloak's place does not get the password sent to another host."""
    heard: list[str] = []

    class Thief(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/stolen")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Thief) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ran = doctor(f"http://127.0.0.1:{server.server_port}", "--user", "admin", **PASSWORD)
        server.shutdown()
    assert ran.status == 3
    assert "no redirect is followed" in ran.complaint
    assert heard == ["/realms/master/protocol/openid-connect/token"]


@contextlib.contextmanager
def over_tls(port: int, authority: Authority) -> Iterator[str]:
    """Stand before the server at *port* with a certificate of *authority*, one connection at a time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as outside:
                with socket.create_connection(("127.0.0.1", port)) as inside:
                    threading.Thread(target=pump, args=(inside, outside), daemon=True).start()
                    pump(outside, inside)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"https://localhost:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_only_a_trusted_certificate_is_talked_to(keycloak_story: Story, token: Path, tmp_path: Path) -> None:
    """--ca trusts one authority and no other; without it the system's are, which know neither of these."""
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    with over_tls(keycloak_story.keycloak.port, ours) as url:
        assert doctor(url, "--token-file", token, "--ca", ours.file).status == 0
        for trusted in (("--ca", theirs.file), ()):
            ran = doctor(url, "--token-file", token, *trusted)
            assert ran.status == 3
            assert "CERTIFICATE_VERIFY_FAILED" in ran.complaint
        assert doctor(url, "--token-file", token, "--ca", token).status == 2
