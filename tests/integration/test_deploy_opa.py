"""deploy/opa: an OPA of one's own, closed by the authorization policy that stands there."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.engine.opa_binary import resolve_opa
from ports import free_port
from service_support import adopter_root, exchange, service, until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "opa"
TOKEN = "a-token-of-this-test"


@pytest.fixture
def opa(tmp_path: Path) -> Iterator[str]:
    """Run OPA as deploy/opa/README.md does, without TLS, and give its URL."""
    root = adopter_root(tmp_path / "policies")
    command = [sys.executable, str(DEPLOY / "bundle.py"), "--into", str(tmp_path / "build"), str(root)]
    bundle = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    authz = Path(shutil.copytree(DEPLOY / "authz", tmp_path / "authz"))
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (authz / "data.json").write_text(json.dumps({"system": {"actas": {"token_sha256": digest}}}), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    flags = ["--authentication=token", "--authorization=basic", "--skip-version-check", "--log-level=error"]
    process = subprocess.Popen(
        [resolve_opa(), "run", "--server", f"--addr={address}", *flags, "--bundle", bundle, str(authz)]
    )
    try:
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def status(url: str, method: str, token: str = "", body: bytes = b"{}") -> int:
    """Give the status of a request, 0 when nobody answers."""
    request = urllib.request.Request(url, body if method != "GET" else None, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_it_decides_for_the_service_and_for_nobody_else(tmp_path: Path, opa: str, workers: int) -> None:
    """The service is allowed its decision; without the token there is none, and nobody changes policy or data."""
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    await until(lambda: status(f"{opa}/health", "GET") == 200)

    async with service(tmp_path, {"opa_url": opa, "opa_token_file": tmp_path / "token", "workers": workers}) as running:
        async with AsyncDecisionClient(running.address, timeout=5) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW

    assert status(f"{opa}/v1/data/actas/decision/decision", "POST") == 401
    assert status(f"{opa}/v1/policies/mine", "PUT", TOKEN, b"package mine") == 401
    assert status(f"{opa}/v1/data/actas/settings", "PUT", TOKEN) == 401
    assert status(f"{opa}/v1/data", "POST", TOKEN) == 401
