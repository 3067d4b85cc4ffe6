"""Which authorization servers a revocation is carried on to, and what becomes of it where one answers strangely."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from actas.revocation.authorization_server import AuthorizationServer
from actas.revocation.propagation import carry

CLIENT = {"kind": "client", "client_id": "mail"}


@contextmanager
def keycloak(folder: Path, name: str, clients: str) -> Iterator[tuple[AuthorizationServer, list[str]]]:
    """Run what answers as a Keycloak does, with *clients*; gives it and the requests that change something."""
    changed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(clients)

        def do_POST(self) -> None:
            self._say(json.dumps({"access_token": "t"}))

        def do_PUT(self) -> None:
            changed.append(self.path)
            self._say("")

        def _say(self, text: str) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *_arguments: object) -> None:
            """Say nothing."""

    (folder / "secret").write_text("s3cret", encoding="utf-8")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield (
                AuthorizationServer(
                    issuer=f"https://{name}.example.com",
                    client_id="actas",
                    client_secret_file=folder / "secret",
                    keycloak=f"http://127.0.0.1:{server.server_port}",
                    realm="agents",
                ),
                changed,
            )
        finally:
            server.shutdown()


def test_a_client_is_revoked_where_it_is_one(tmp_path: Path) -> None:
    """A client of the same name at another authorization server is another one."""
    known = json.dumps([{"id": "7", "clientId": "mail"}])
    with keycloak(tmp_path, "one", known) as (one, of_one), keycloak(tmp_path, "two", known) as (two, of_two):
        entry = CLIENT | {"authorization_server": "https://one.example.com"}
        done = list(carry([entry], [], [one, two]))

        assert [(carried.issuer, carried.problem) for carried in done] == [("https://one.example.com", "")]
        assert (of_one, of_two) == (["/admin/realms/agents/clients/7"], [])


def test_who_answers_strangely_is_said_and_the_others_are_told(tmp_path: Path) -> None:
    """One page of a proxy must not keep the other servers from being told."""
    known = json.dumps([{"id": "7", "clientId": "mail"}])
    for strange in ("<html>welcome</html>", "[5]", '{"error": "no"}'):
        with keycloak(tmp_path, "one", strange) as (one, _), keycloak(tmp_path, "two", known) as (two, of_two):
            done = list(carry([CLIENT], [], [one, two]))

        assert [carried.problem for carried in done] == ["answers what is not understood", ""]
        assert of_two
