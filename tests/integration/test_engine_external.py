"""An OPA by URL: its revision is checked at the start and with every answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actas.engine.external import opa_address
from actas.engine.sidecar import SidecarEngine
from actas.errors import ConfigError, EngineError, Status
from engine_support import ALLOW, REVISION, Impostor, answer_allow, build_bundle, http, opa, until
from ports import free_port

pytestmark = pytest.mark.asyncio


class Server:
    """A plain `opa run --server`, as an operator would start it."""

    def __init__(self, bundle: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command: list[str | Path] = [opa(), "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error"]
        self._command += ["--skip-version-check", "--bundle", bundle]
        self.start()

    def start(self) -> None:
        """Start it, again if it was stopped."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running OPA with the tiny policy."""
    running = Server(build_bundle(tmp_path), free_port())
    yield running
    running.stop()


async def connect(url: str, **options: Any) -> SidecarEngine:
    """Connect as soon as the server listens."""
    async with asyncio.timeout(10.0):
        while True:
            try:
                return await SidecarEngine.external(url, **options)
            except EngineError as error:
                if error.reason != "ENGINE_UNAVAILABLE":
                    raise
                await asyncio.sleep(0.02)


async def test_the_revision_is_learned_at_the_start(server: Server) -> None:
    """The engine serves what the external OPA serves."""
    engine = await connect(server.url)
    assert (engine.revision, engine.bundle_digest) == (REVISION, "")
    results = await asyncio.gather(*(engine.evaluate({"name": str(n)}, timeout=5.0) for n in range(20)))
    assert [result.denials[0].reason for result in results] == [str(n) for n in range(20)]
    await engine.close()


async def test_it_notices_that_opa_goes_and_comes_back(server: Server) -> None:
    """Calls fail while OPA is away; nothing has to be restarted here."""
    engine = await connect(server.url)
    server.stop()
    with pytest.raises(EngineError) as caught:
        await engine.evaluate({}, timeout=5.0)
    assert caught.value.status is Status.UNAVAILABLE
    await until(lambda: not engine.health().ok)
    assert "reached" in engine.health().reason
    server.start()
    await until(lambda: engine.health().ok)
    assert (await engine.evaluate({"name": "back"}, timeout=5.0)).denials[0].reason == "back"
    await engine.close()


async def test_another_revision_behind_our_back_is_refused(server: Server, tmp_path: Path) -> None:
    """A policy that nobody checked decides nothing."""
    engine = await connect(server.url)
    server.stop()
    build_bundle(tmp_path, revision="ffffffffffff")
    server.start()
    await until(lambda: "ffffffffffff" in engine.health().reason)
    with pytest.raises(EngineError) as caught:
        await engine.evaluate({}, timeout=5.0)
    assert caught.value.reason == "ENGINE_REVISION_CHANGED"
    await engine.close()


async def test_an_opa_without_our_policy_is_refused_at_the_start(tmp_path: Path) -> None:
    """An OPA that does not know its revision answers `{}`."""
    bundle = build_bundle(
        tmp_path,
        {"data.json": '{"actas": {"settings": {}}}', "actas/decision/decision.rego": "package actas.decision\n"},
    )
    other = Server(bundle, free_port())
    with pytest.raises(EngineError) as caught:
        await connect(other.url)
    other.stop()
    assert caught.value.reason == "ENGINE_NO_ANSWER"


async def hang(path: str) -> bytes:
    """Never answer."""
    await asyncio.sleep(60)
    return b""


def says(response: bytes) -> Any:
    """Answer the revision truthfully and every decision with *response*."""

    async def answer(path: str) -> bytes:
        return await answer_allow(path) if "actas/revision" in path else response

    return answer


@pytest.mark.parametrize(
    ("response", "status", "reason"),
    [
        (http("{}"), Status.INTERNAL, "ENGINE_NO_ANSWER"),
        (http("[]"), Status.INTERNAL, "ENGINE_NO_ANSWER"),
        (http('{"result": null}'), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http('{"result": true}'), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http('{"result": {"effect": "ALLOW"}}'), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http(json.dumps({"result": {**ALLOW, "effect": 1}})), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http(json.dumps({"result": {**ALLOW, "revision": "x"}})), Status.INTERNAL, "ENGINE_REVISION_CHANGED"),
        (http('{"result": '), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http("[" * 100_000), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http(b'{"result": "\xff"}'), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http("allow", headers="Content-Type: text/html\r\n"), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (http("{}", "500 Internal Server Error"), Status.INTERNAL, "ENGINE_FAILED"),
        (http("{}", "404 Not Found"), Status.INTERNAL, "ENGINE_FAILED"),
        (http("{}", "401 Unauthorized"), Status.INTERNAL, "ENGINE_REFUSED"),
        (http("{}", "503 Service Unavailable"), Status.UNAVAILABLE, "ENGINE_UNAVAILABLE"),
        (http("", "302 Found", "Location: /v1/data/actas/revision\r\n"), Status.INTERNAL, "ENGINE_ILL_TYPED_ANSWER"),
        (b"this is not HTTP\r\n\r\n", Status.INTERNAL, "ENGINE_FAILED"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{", None, "ENGINE_TIMEOUT"),
    ],
)
async def test_an_answer_that_is_none_is_an_error(response: bytes, status: Status | None, reason: str) -> None:
    """No decision comes out of anything but a whole, typed answer; single or in a batch."""
    impostor = await Impostor.listen(says(response))
    engine = await SidecarEngine.external(impostor.url)
    for callers in (1, 3):
        asked = (engine.evaluate({}, timeout=0.5) for _ in range(callers))
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(answer, EngineError)
            assert (answer.status, answer.reason) == (status or Status.UNAVAILABLE, reason)
    await engine.close()
    await impostor.close()


async def test_a_server_that_hangs_ends_in_time_at_the_start_and_later() -> None:
    """No call and no start waits longer than its limit."""
    impostor = await Impostor.listen(hang)
    with pytest.raises(EngineError) as caught:
        await SidecarEngine.external(impostor.url)
    assert caught.value.reason == "ENGINE_TIMEOUT"
    impostor.answer = answer_allow
    engine = await SidecarEngine.external(impostor.url)
    impostor.answer = hang
    answers = await asyncio.gather(*(engine.evaluate({}, timeout=0.3) for _ in range(5)), return_exceptions=True)
    assert {getattr(answer, "reason", "decided") for answer in answers} == {"ENGINE_TIMEOUT"}
    await engine.close()
    await impostor.close()


async def test_a_connection_that_was_closed_while_idle_is_not_an_error() -> None:
    """Evaluation has no effect, so a call on a stale connection is made once more."""
    impostor = await Impostor.listen(answer_allow)
    engine = await SidecarEngine.external(impostor.url)
    for writer in impostor._connections:
        writer.transport.abort()
    assert (await engine.evaluate({}, timeout=5.0)).revision == REVISION
    await engine.close()
    await impostor.close()


async def test_the_token_is_sent_and_answers_are_asked_for_uncompressed_and_strict() -> None:
    """What every call carries."""
    impostor = await Impostor.listen(answer_allow)
    engine = await SidecarEngine.external(impostor.url, token="s3cret")
    await engine.evaluate({"a": 1}, timeout=5.0)
    await engine.close()
    await impostor.close()
    last = impostor.received.split(b"POST ")[-1]
    assert last.startswith(b"/v1/data/actas/decision/decision?strict-builtin-errors=true ")
    for line in (b"Authorization: Bearer s3cret", b"Accept-Encoding: identity", b'{"input":{"a":1}}'):
        assert line in last


@pytest.mark.parametrize(
    "url",
    [
        "",
        "opa",
        "ftp://localhost",
        "http://",
        "http://localhost:x",
        "http://localhost/path",
        "http://u:p@localhost",
        "http://opa.example:8181",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://localhost?x=1",
    ],
)
async def test_a_url_that_cannot_be_trusted_or_understood_is_a_configuration_error(url: str) -> None:
    """Plain HTTP is for loopback: whoever answers in OPA's place allows everything."""
    with pytest.raises(ConfigError, match="opa_url"):
        opa_address(url, token="", ca_file=None, insecure=False)


async def test_the_token_is_not_shown_with_the_address(tmp_path: Path) -> None:
    """An address in a log or a traceback keeps the secret."""
    address = opa_address("https://[::1]:8181", token="s3cret", ca_file=None, insecure=False)
    assert (address.host, address.port) == ("[::1]", 8181)
    assert "s3cret" not in repr(address)
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="opa_ca_file"):
        opa_address("https://localhost", token="", ca_file=tmp_path / "ca.pem", insecure=False)
