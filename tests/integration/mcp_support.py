"""A realm with a JWKS of its own, and the MCP server as a process."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "keycloak" / "demo"
REALM = "https://auth.example.com/realms/agents"
ALICE, ON_CALL, GATEWAY = "a11ce", "0ca11", "9a7e"
START_SECONDS = 30.0


class Realm:
    """Two keys of a realm, and the server of its JWKS: one RSA key for signing, one EC key, one for encryption."""

    def __init__(self) -> None:
        """Serve the public halves on a free port."""
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.encryption = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
        self.keys = [
            {**to_jwk(self.rsa.public_key(), as_dict=True), "kid": "rsa", "use": "sig", "alg": "RS256"},
            {
                **jwt.algorithms.ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True),
                "kid": "ec",
                "use": "sig",
                "alg": "ES256",
            },
            {**to_jwk(self.encryption.public_key(), as_dict=True), "kid": "enc", "use": "enc", "alg": "RSA-OAEP"},
        ]
        self.asked = 0
        realm = self

        class Jwks(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                realm.asked += 1
                body = json.dumps({"keys": realm.keys}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Jwks)
        self.jwks = f"http://127.0.0.1:{self.server.server_port}/certs"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def claims(self, resource: str, **changes: Any) -> dict[str, Any]:
        """The claims of the third hop's token; a change to None removes the claim."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": REALM,
            "sub": ALICE,
            "aud": resource,
            "azp": "mcp-gateway",
            "typ": "Bearer",
            "iat": now,
            "exp": now + 60,
            "jti": "j-1",
            "scope": "orders:read",
            "act": {"iss": REALM, "sub": GATEWAY, "act": {"iss": REALM, "sub": ON_CALL}},
            "decision_id": "d-1",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, resource: str, **changes: Any) -> str:
        """Sign those claims with the RSA key."""
        return jwt.encode(self.claims(resource, **changes), self.rsa, algorithm="RS256", headers={"kid": "rsa"})


class Orders:
    """The running MCP server."""

    def __init__(self, realm: Realm, folder: Path) -> None:
        """Start it on a free port, with *realm* as its authorization server."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.resource = f"http://127.0.0.1:{port}/mcp"
        self.log_file = folder / "orders.log"
        command = [sys.executable, str(DEMO / "orders_db.py"), "--issuer", REALM, "--jwks", realm.jwks]
        command += ["--resource", self.resource, "--name", f"{ALICE}=alice", "--name", f"{GATEWAY}=mcp-gateway"]
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen([*command, "--name", f"{ON_CALL}=on-call"], stdout=log, stderr=log)
        end = time.monotonic() + START_SECONDS
        while '"serving"' not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, self.text()
            time.sleep(0.05)

    def text(self) -> str:
        """Its log."""
        return self.log_file.read_text()

    def last(self) -> dict[str, Any]:
        """The last line of its log."""
        line: dict[str, Any] = json.loads(self.text().splitlines()[-1])
        return line


def by_hand(claims: dict[str, Any], algorithm: str, secret: str = "") -> str:
    """A token with `alg: none`, or with an HMAC that libraries refuse to make."""
    parts = [{"alg": algorithm, "typ": "JWT", "kid": "rsa"}, claims]
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    digest = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{_encoded(digest) if secret else ''}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
