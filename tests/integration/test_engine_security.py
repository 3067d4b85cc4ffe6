"""Nobody but the service gets anything from its OPA, and OPA does not outlive the service."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio

from actas.engine.process import OpaProcess
from actas.engine.sidecar import SidecarEngine
from actas.engine.supervisor import ManagedOpa
from actas.errors import EngineError
from engine_support import REVISION, build_bundle, opa, start_engine, until

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[SidecarEngine]:
    """A serving engine."""
    running = await start_engine(tmp_path)
    yield running
    await running.close()


def child(engine: SidecarEngine) -> OpaProcess:
    """The OPA process behind an engine."""
    assert isinstance(engine.source, ManagedOpa)
    return engine.source.process


def token_of(engine: SidecarEngine) -> str:
    """The bearer token, from the only place that holds it."""
    headers: dict[str, str] = child(engine).connection._client.headers
    return headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("method", "path", "with_token"),
    [
        ("GET", "/health", False),
        ("POST", "/v1/data/actas/decision/decision", False),
        ("GET", "/v1/data/actas/decision/decision", True),
        ("POST", "/v1/data/actas/decision", True),
        ("POST", "/v1/data/actas%2Fdecision/decision", True),
        ("POST", "/v1/data/system", True),
        ("PUT", "/v1/policies/evil", True),
        ("PUT", "/v1/data/actas/settings", True),
        ("GET", "/v1/policies", True),
        ("GET", "/v1/config", True),
        ("GET", "/metrics", False),
        ("POST", "/metrics", True),
        ("GET", "/health/live", True),
        ("PATCH", "/v1/data/actas", True),
        ("DELETE", "/v1/policies/evil", True),
        ("POST", "/v1/compile", True),
        ("GET", "/v1/status", True),
        ("POST", "/v1/query", True),
        ("POST", "/", True),
    ],
)
async def test_opa_admits_nothing_but_decisions_health_and_metrics(
    engine: SidecarEngine, method: str, path: str, with_token: bool
) -> None:
    """Without the token nothing, and with it no way to read or change policy."""
    status, text = await ask(engine, method, path, token_of(engine) if with_token else "")
    assert status in (401, 403), text


@pytest.mark.parametrize("path", ["/health", "/metrics"])
async def test_with_the_token_health_and_metrics_are_there(engine: SidecarEngine, path: str) -> None:
    """For whoever operates the service; neither tells a policy or a request."""
    assert (await ask(engine, "GET", path, token_of(engine)))[0] == 200


async def ask(engine: SidecarEngine, method: str, path: str, token: str) -> tuple[int, str]:
    """Send one request to the child, past its certificate; give status and text."""
    insecure = ssl.create_default_context()
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"https://127.0.0.1:{child(engine).port}{path}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, ssl=insecure, json={"input": {}}) as response,
    ):
        return response.status, await response.text()


async def test_the_token_is_in_no_argument_environment_or_file(engine: SidecarEngine) -> None:
    """Other users of the machine and the files of the child never see it."""
    token = token_of(engine).encode()
    of_child = Path(f"/proc/{child(engine).pid}")
    arguments, environment = (of_child / "cmdline").read_bytes(), (of_child / "environ").read_bytes()
    assert token not in arguments + environment
    assert {name.split(b"=")[0] for name in environment.split(b"\0") if name} == {b"GOGC", b"GOMAXPROCS", b"GOMEMLIMIT"}
    private = Path(re.search(rb"--tls-private-key-file=([^\0]+)", arguments)[1].decode()).parent  # type: ignore[index]
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    files = [path for path in private.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not [path for path in files if token in path.read_bytes()]
    await engine.close()
    assert not private.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
async def test_opa_runs_as_the_same_user_on_loopback_and_within_limits(engine: SidecarEngine) -> None:
    """No other user, no address but loopback, no core dump, and no more memory than it was given."""
    process = psutil.Process(child(engine).pid)
    assert set(process.uids()) == {os.getuid()}
    assert {connection.laddr.ip for connection in process.net_connections() if connection.status == "LISTEN"} == {
        "127.0.0.1"
    }
    most = process.rlimit(psutil.RLIMIT_DATA)
    assert most[0] == most[1] <= 1 << 30
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing limits a process like this")
async def test_an_opa_that_wants_too_much_memory_ends_and_comes_back(engine: SidecarEngine) -> None:
    """The request that was too much gets no decision; the machine keeps its memory, and the next one is decided."""
    before = psutil.Process(child(engine).pid)
    # A machine with nothing else to do would need seconds to fill what OPA may have; this one gets less.
    status = Path(f"/proc/{before.pid}/status").read_text()
    used = int(re.search(r"VmData:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]
    before.rlimit(psutil.RLIMIT_DATA, (used + (64 << 20),) * 2)
    with pytest.raises(EngineError):
        await engine.evaluate({"slow": 20_000_000}, timeout=30)
    await until(lambda: child(engine).pid != before.pid and engine.health().ok)
    assert (await engine.evaluate({"name": "next"}, timeout=10)).effect == "DENY"


async def test_a_policy_cannot_bring_its_own_authorization(tmp_path: Path) -> None:
    """A bundle that claims `system` does not start."""
    files = {
        ".manifest": '{"roots": ["actas", "system"]}',
        "system/authz.rego": "package system.authz\n\nallow := true\n",
    }
    with pytest.raises(EngineError, match="overlapping roots"):
        await SidecarEngine.start(build_bundle(tmp_path, files), revision=REVISION, digest="", opa=opa())


PARENT = """
import asyncio, sys
from pathlib import Path
from actas.engine.sidecar import SidecarEngine

async def main():
    bundle, opa = (Path(argument) for argument in sys.argv[1:])
    engine = await SidecarEngine.start(bundle, revision="0123456789ab", digest="", opa=opa)
    print(engine.source.process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="binding a child to its parent's life is Linux's")
async def test_opa_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """No orphan keeps serving an old policy."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(build_bundle(tmp_path)), str(opa())),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await until(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
