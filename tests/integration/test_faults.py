"""Faults around a whole service: nothing is allowed, the answer and the health say what is wrong, and it recovers."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from actas import wire
from actas.config import load
from actas.decision import Decision, Effect
from actas.engine import process
from actas.engine.opa_binary import resolve_opa
from actas.errors import ActivationError, EngineError
from actas.request import ACCESS_TOKEN
from actas.server import app
from engine_support import Impostor, answer_allow
from faulty_opa import FaultyOpa, faulty_opa
from ports import free_port
from server_support import Told, stub_of
from service_support import AGENT, MAIL, RunningService, adopter_root, exchange, service, until

pytestmark = pytest.mark.asyncio

# A loaded machine needs its time; a service that does not recover needs for ever.
RECOVERY_SECONDS = 40.0
ROOT = Path(__file__).resolve().parents[2]


class Outside:
    """A running service as its callers and its operator see it."""

    def __init__(self, running: RunningService, stub: Any, health: Any, port: int) -> None:
        """Keep the parts."""
        self.running = running
        self._stub = stub
        self._health = health
        self._port = port

    async def decide(self, timeout: float = 5.0) -> Decision:
        """Ask once, without a retry."""
        answer = await self._stub.Decide(wire.request_to_proto(exchange()), timeout=timeout)
        return wire.decision_from_proto(answer.decision)

    async def refusal(self, timeout: float = 5.0) -> Told:
        """Ask once, and be told that no decision was made."""
        with pytest.raises(aio.AioRpcError) as caught:
            await self.decide(timeout)
        told = Told(caught.value)
        assert told.code in {"UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED"}
        assert not any(word in told.text for word in ("Traceback", ".py", "canary", "alice", MAIL, "Bearer"))
        return told

    async def serving(self) -> bool:
        """Ask the standard health service."""
        answer = await self._health.Check(health_pb2.HealthCheckRequest(), timeout=5)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    def ready(self) -> tuple[int, str]:
        """Ask `/ready`: the status, and everything that is said to be wrong."""
        status, detail = self.running.ready(self._port)
        return status, str(detail)

    async def says(self, *words: str) -> None:
        """Wait until the health is bad and says *words*."""
        await until(lambda: self.ready()[0] == 503 and all(word in self.ready()[1] for word in words), RECOVERY_SECONDS)
        async with asyncio.timeout(5):
            while await self.serving():
                await asyncio.sleep(0.05)

    async def recovers(self) -> None:
        """Wait until it serves again, and see that it allows what it should."""
        await until(lambda: self.ready()[0] == 200, RECOVERY_SECONDS)
        async with asyncio.timeout(5):
            while not await self.serving():
                await asyncio.sleep(0.05)
        assert (await self.decide()).effect is Effect.ALLOW


@asynccontextmanager
async def outside(folder: Path, settings: dict[str, Any]) -> AsyncIterator[Outside]:
    """Run a service with *settings* and a status page."""
    port = free_port()
    given = {"metrics_listen": f"127.0.0.1:{port}", "default_timeout": "5", **settings}
    async with service(folder, given) as running, stub_of(running.address) as stub:
        async with aio.insecure_channel(running.address) as channel:
            yield Outside(running, stub, health_pb2_grpc.HealthStub(channel), port)


@pytest_asyncio.fixture
async def managed(tmp_path: Path) -> AsyncIterator[Outside]:
    """A service with an OPA of its own."""
    settings = {"policies": adopter_root(tmp_path / "policies"), "engine": "sidecar"}
    async with outside(tmp_path, settings) as seen:
        assert (await seen.decide()).effect is Effect.ALLOW
        yield seen


def argument(running: RunningService, name: str) -> str:
    """Give an argument of the OPA child."""
    command = running.opa.cmdline()
    for position, word in enumerate(command):
        if word == name:
            return command[position + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    raise AssertionError(f"OPA was started without {name}")


async def test_opa_killed_in_the_middle_of_calls(managed: Outside) -> None:
    """Every call ends with its decision or as UNAVAILABLE, soon; then a new OPA answers without anybody's help."""
    outcomes: list[str] = []

    async def caller() -> None:
        for _ in range(40):
            try:
                decision = await managed.decide()
            except aio.AioRpcError as error:
                outcomes.append(Told(error).code)
                await asyncio.sleep(0.02)
            else:
                outcomes.append(decision.effect.value)

    before = managed.running.opa.pid
    callers = [asyncio.create_task(caller()) for _ in range(16)]
    await asyncio.sleep(0.2)
    os.kill(before, signal.SIGKILL)
    await asyncio.wait_for(asyncio.gather(*callers), RECOVERY_SECONDS)

    assert set(outcomes) == {"ALLOW", "UNAVAILABLE"}
    await managed.recovers()
    assert managed.running.opa.pid != before
    assert any("SIGKILL" in str(event) for event in managed.running.events)


async def test_opa_that_hangs_is_replaced(managed: Outside) -> None:
    """Callers are told in time, the health says that OPA does not answer, and a new one takes over."""
    before = managed.running.opa.pid
    os.kill(before, signal.SIGSTOP)
    told = await managed.refusal(timeout=1.0)
    assert told.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    await managed.says("OPA does not answer")
    await managed.recovers()
    assert managed.running.opa.pid != before


async def test_an_impostor_on_opas_port_is_not_believed(managed: Outside) -> None:
    """Whoever takes the port after a crash and answers allow gets no question, no token, and decides nothing."""
    bundle, port = Path(argument(managed.running, "--bundle")), int(argument(managed.running, "--addr").split(":")[1])
    # Without the bundle no new OPA starts, so the impostor has all the time that it wants.
    hidden = bundle.rename(bundle.with_suffix(".hidden"))
    os.kill(managed.running.opa.pid, signal.SIGKILL)
    impostor = None
    async with asyncio.timeout(10):
        while impostor is None:
            try:
                impostor = await Impostor.listen(answer_allow, port=port)
            except OSError:
                await asyncio.sleep(0.02)
    try:
        # Until the death of its OPA is noticed, the service waits for the impostor to show OPA's certificate.
        codes = [(await managed.refusal(timeout=2.0)).code for _ in range(5)]
        assert set(codes[1:]) == {"UNAVAILABLE"}
        assert codes[0] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        await managed.says("no policy bundle")
        hidden.rename(bundle)
        await managed.recovers()
        assert int(argument(managed.running, "--addr").split(":")[1]) != port
        assert b"Bearer" not in impostor.received
        assert b"alice" not in impostor.received
    finally:
        await impostor.close()


async def test_the_binary_is_gone_when_opa_has_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The health names the missing file, and as soon as it is back the service is, too."""
    binary = tmp_path / "bin" / "opa"
    binary.parent.mkdir()
    os.link(resolve_opa(), binary) if _same_device(tmp_path) else shutil.copy2(resolve_opa(), binary)
    monkeypatch.setenv("ACTAS_OPA", str(binary))
    settings = {"policies": adopter_root(tmp_path / "policies"), "engine": "sidecar"}
    async with outside(tmp_path, settings) as seen:
        hidden = binary.rename(tmp_path / "hidden")
        os.kill(seen.running.opa.pid, signal.SIGKILL)
        await seen.says("no OPA binary", str(binary))
        assert (await seen.refusal()).code == "UNAVAILABLE"
        hidden.rename(binary)
        await seen.recovers()


def _same_device(folder: Path) -> bool:
    return folder.stat().st_dev == resolve_opa().stat().st_dev


ALLOWED: dict[str, Any] = {
    "effect": "ALLOW",
    "denials": [],
    "error": "",
    "obligations": [],
    "notes": [],
    "withheld_scope": [],
    "limits": {
        "scope": ["mail.read"],
        "audience": [MAIL],
        "max_lifetime_seconds": 600,
        "authorization_details": [],
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "cnf": None,
    },
    "act": {"iss": "spiffe://example.org", "sub": AGENT},
    "disabled_rules": [],
    "actor": {"iss": "spiffe://example.org", "sub": AGENT},
    "actor_agent": "",
}


def answer(limits: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Give the answer that the policy would give, changed; without a change it is the right one."""
    return {"result": {**ALLOWED, **changes, "limits": {**ALLOWED["limits"], **(limits or {})}}}


FAULTS: list[tuple[str, Any, tuple[str, ...]]] = [
    ("hangs", "hang", ("DEADLINE_EXCEEDED", "UNAVAILABLE")),
    ("breaks the connection off", "close", ("UNAVAILABLE",)),
    ("answers {}", "nothing", ("INTERNAL",)),
    ("redirects", "redirect", ("INTERNAL",)),
    ("fails", 500, ("INTERNAL",)),
    ("refuses", 403, ("INTERNAL",)),
    ("is overloaded", 503, ("UNAVAILABLE",)),
    ("answers HTML", b"<html>canary</html>", ("INTERNAL",)),
    ("answers half a document", b'{"result": {"effect": "ALLOW"', ("INTERNAL",)),
    ("answers NaN", b'{"result": NaN}', ("INTERNAL",)),
    ("answers 10,000 levels", b'{"result": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", ("INTERNAL",)),
    ("answers a list", b"[]", ("INTERNAL",)),
    ("answers true", {"result": True}, ("INTERNAL",)),
    ("answers ALLOW", {"result": "ALLOW"}, ("INTERNAL",)),
    ("answers null", {"result": None}, ("INTERNAL",)),
    ("answers an effect alone", {"result": {"effect": "ALLOW"}}, ("INTERNAL",)),
    ("answers an unknown effect", answer(effect="PERMIT"), ("INTERNAL",)),
    ("answers a number as text", answer({"max_lifetime_seconds": "600"}), ("INTERNAL",)),
    ("answers true as a number", answer({"max_lifetime_seconds": True}), ("INTERNAL",)),
    ("answers a text as a list", answer({"scope": "mail.read"}), ("INTERNAL",)),
    ("answers a new member", answer(surprise=1), ("INTERNAL",)),
    ("allows and denies", answer(denials=[{"code": "X", "rule": "x", "reason": "x"}]), ("INTERNAL",)),
    ("allows without limits", {"result": {**ALLOWED, "limits": None}}, ("INTERNAL",)),
    ("answers from another revision", answer(revision="sha256:0000"), ("INTERNAL",)),
]


async def test_an_opa_by_url_that_misbehaves_allows_nothing(tmp_path: Path) -> None:
    """Each wrong answer is a status with a reason and never a decision; the next right answer is one again."""
    async with faulty_opa(adopter_root(tmp_path / "policies"), tmp_path) as opa:
        async with outside(tmp_path, {"opa_url": opa.url}) as seen:
            assert (await seen.decide()).effect is Effect.ALLOW
            for name, fault, codes in FAULTS:
                opa.fault = _of_revision(fault, opa)
                told = await seen.refusal(timeout=1.0 if fault == "hang" else 5.0)
                assert told.code in codes, name
                assert told.code == "DEADLINE_EXCEEDED" or told.reason.startswith("ENGINE_"), name
                assert seen.running.process.poll() is None
                opa.fault = None
                assert (await seen.decide()).effect is Effect.ALLOW, name
            assert opa.asked >= len(FAULTS)


def _of_revision(fault: Any, opa: FaultyOpa) -> Any:
    if isinstance(fault, dict) and isinstance(fault["result"], dict):
        return {"result": {"revision": opa.revision, **fault["result"]}}
    return fault


WIDER: list[tuple[str, dict[str, Any]]] = [
    ("more scope", answer({"scope": ["mail.read", "mail.send"]})),
    ("everything", answer({"scope": ["*"], "audience": ["https://evil.test/"]})),
    ("another audience", answer({"audience": ["https://evil.test/"]})),
    ("a longer life", answer({"max_lifetime_seconds": 601})),
    ("no chain", answer(act=None, actor=None)),
    ("another actor", answer(act={"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/x"})),
    ("a reserved claim", answer(act={"iss": "spiffe://example.org", "sub": AGENT, "scope": "admin"})),
    ("another token type", answer({"issued_token_type": "urn:ietf:params:oauth:token-type:refresh_token"})),
    ("details out of nothing", answer({"authorization_details": [{"type": "payment"}]})),
]


async def test_an_impostor_by_url_that_answers_allow_widens_nothing(tmp_path: Path) -> None:
    """An answer that is well-typed, of the right revision and too wide becomes a DENY with OUTPUT_WIDENED."""
    async with faulty_opa(adopter_root(tmp_path / "policies"), tmp_path) as opa:
        async with outside(tmp_path, {"opa_url": opa.url}) as seen:
            for name, fault in WIDER:
                opa.fault = _of_revision(fault, opa)
                decision = await seen.decide()
                assert decision.effect is Effect.DENY, name
                assert [denial.code for denial in decision.denials] == ["OUTPUT_WIDENED"], name
                assert decision.limits is None
            opa.fault = _of_revision(answer(), opa)
            assert (await seen.decide()).effect is Effect.ALLOW


async def test_an_opa_by_url_goes_away_and_comes_back(tmp_path: Path) -> None:
    """While it is away the health says so; nothing has to be restarted when it is back."""
    async with faulty_opa(adopter_root(tmp_path / "policies"), tmp_path) as opa:
        async with outside(tmp_path, {"opa_url": opa.url}) as seen:
            port = int(opa.url.rpartition(":")[2])
            await opa.stop()
            assert (await seen.refusal()).code == "UNAVAILABLE"
            await seen.says("OPA cannot be reached")
            await opa.start(port)
            await seen.recovers()


@asynccontextmanager
async def _taken(port: int) -> AsyncIterator[None]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


async def test_a_port_that_is_taken_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process took the port that OPA was to have: another one is tried, and the service starts."""
    taken, chosen, free = process._free_port(), [], process._free_port

    def first_the_taken_one() -> int:
        chosen.append(taken if len(chosen) % 2 == 0 else free())
        return chosen[-1]

    monkeypatch.setattr(process, "_free_port", first_the_taken_one)
    root = adopter_root(tmp_path / "policies")
    async with _taken(taken):
        async with app.running(load({"listen": ["127.0.0.1:0"], "policies": [root], "engine": "sidecar"})) as running:
            async with stub_of(str(running.listening[0])) as stub:
                answer = await stub.Decide(wire.request_to_proto(exchange()), timeout=5)
    assert wire.decision_from_proto(answer.decision).effect is Effect.ALLOW
    assert chosen.count(taken) >= 1


async def test_when_every_port_is_taken_the_start_fails_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no service without an OPA of its own, and above all none that asks whoever is there."""
    taken = process._free_port()
    monkeypatch.setattr(process, "_free_port", lambda: taken)
    async with _taken(taken):
        with pytest.raises(ActivationError, match="address already in use"):
            async with app.running(load({"listen": ["127.0.0.1:0"], "engine": "sidecar"})):
                raise AssertionError("it serves")


async def test_the_services_own_port_is_taken(tmp_path: Path) -> None:
    """The start ends with one sentence that names the setting and the address."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        status, said = await serve(tmp_path, "--listen", address)
    assert status != 0
    assert "listen" in said
    assert address in said


async def serve(folder: Path, *flags: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run `actas serve` as an operator would, when it must not come up; gives its status and what it said."""
    command = [sys.executable, "-m", "actas", "serve", *(() if "--listen" in flags else ("--listen", "127.0.0.1:0"))]
    # A terminal so wide that no path is broken in two.
    variables = os.environ | {"PYTHONPATH": str(ROOT / "service"), "COLUMNS": "500"} | (environment or {})

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *flags], cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False
        )

    ended = await asyncio.to_thread(run)
    assert "Traceback" not in ended.stderr
    assert '"event": "serving"' not in ended.stderr
    return ended.returncode, ended.stderr


SPOILED: list[tuple[str, str, str, str]] = [
    ("max_lifetime_seconds", "custom/actas/settings/data.yaml", 'max_lifetime_seconds: "900"\n', ":1:"),
    ("clock_skew_seconds", "custom/actas/settings/data.yaml", "max_targets: 1\nclock_skew_seconds: []\n", ":2:"),
    ("unknown setting", "custom/actas/settings/data.yaml", "max_targets: 1\nmax_lifetme: 1\n", ":2:"),
    ("registry of lists", "custom/actas/registry/data.yaml", "clients: []\n", ":1:"),
    ("not YAML", "custom/actas/settings/data.yaml", "a: b: c\n", ":1"),
    ("not Rego", "custom/actas/rules/x/x.rego", "package custom.actas.rules.x\n\ndeny contains {\n", ":4:"),
    ("Rego of nowhere", "custom/actas/rules/x/x.rego", "package system.authz\n\nallow := true\n", ":1:"),
    (
        "Rego that sends",
        "custom/actas/rules/x/x.rego",
        'package custom.actas.rules.x\n\nx := http.send({"url": "x"})\n',
        ":3:",
    ),
    ("a suite that fails", "cases/denied.yaml", "", "denied.yaml"),
]


@pytest.mark.parametrize(("name", "file", "text", "place"), SPOILED, ids=[spoiled[0] for spoiled in SPOILED])
async def test_a_policy_root_that_is_spoiled_does_not_start(
    tmp_path: Path, name: str, file: str, text: str, place: str
) -> None:
    """The start ends, and what it says has the file and the line."""
    del name
    root = adopter_root(tmp_path / "policies")
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or path.read_text("utf-8").replace("effect: DENY", "effect: ALLOW"), encoding="utf-8")
    status, said = await serve(tmp_path, "--policies", str(root))
    assert status != 0
    assert path.name in said
    assert place in said


async def test_a_policy_directory_that_is_empty_does_not_start(tmp_path: Path) -> None:
    """Whoever names an empty directory did not mean the shipped policies alone."""
    (tmp_path / "policies").mkdir()
    status, said = await serve(tmp_path, "--policies", str(tmp_path / "policies"))
    assert status != 0
    assert f"{tmp_path / 'policies'}: the policy root is empty" in said


async def test_a_policy_directory_that_is_not_there_does_not_start(tmp_path: Path) -> None:
    """A misspelt path is an error, not an empty root."""
    status, said = await serve(tmp_path, "--policies", str(tmp_path / "polices"))
    assert status != 0
    assert "polices" in said


@pytest.mark.parametrize("content", [None, "", "#!/bin/sh\necho Version: 0.1.0\n", "#!/bin/sh\nexit 1\n"])
async def test_without_a_binary_that_is_opa_there_is_no_start(tmp_path: Path, content: str | None) -> None:
    """The sentence says which file was tried and what is wrong with it."""
    binary = tmp_path / "opa"
    if content is not None:
        binary.write_text(content, encoding="utf-8")
        binary.chmod(0o755)
    status, said = await serve(tmp_path, environment={"ACTAS_OPA": str(binary)})
    assert status != 0
    assert str(binary) in said


async def test_a_root_that_is_spoiled_while_serving_changes_nothing(managed: Outside) -> None:
    """Empty, broken, ill-typed: each reload is refused with its place, and the old revision goes on serving."""
    root = managed.running.folder / "policies"
    kept = shutil.copytree(root, managed.running.folder / "kept")
    revision = (await managed.decide()).policy.revision
    for count, (_, file, text, place) in enumerate([*SPOILED, ("emptied", "", "", "empty")], 1):
        shutil.rmtree(root)
        if file:
            shutil.copytree(kept, root)
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or path.read_text("utf-8").replace("effect: DENY", "effect: ALLOW"), encoding="utf-8")
            if not text:  # what serves already has passed its suites, so it has to be another revision
                (root / "custom/actas/settings/data.yaml").write_text("max_lifetime_seconds: 800\n", encoding="utf-8")
        else:
            root.mkdir()
        managed.running.process.send_signal(signal.SIGHUP)
        failed = await managed.running.event("policy_activation_failed", count=count)
        assert place in str(failed["problems"])
        decision = await managed.decide()
        assert (decision.effect, decision.policy.revision) == (Effect.ALLOW, revision)
        status, detail = managed.ready()
        assert status == 200
        assert "still serves" in detail
    shutil.rmtree(root)
    shutil.copytree(kept, root)
    managed.running.process.send_signal(signal.SIGHUP)
    await managed.running.event("policy_activated", count=2)
    assert "still serves" not in managed.ready()[1]
    assert (await managed.decide()).effect is Effect.ALLOW


async def test_children_that_start_under_load_live() -> None:
    """The fork handlers of gRPC used to crash one OPA in five before it ran: none may end by a signal."""
    script = """
        import asyncio, os, uvloop
        from actas.server import app
        import grpc
        from grpc import aio

        async def echo(data, context):
            return data

        async def main():
            server = aio.server()
            method = {"E": grpc.unary_unary_rpc_method_handler(echo)}
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", method),))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            call = aio.insecure_channel(f"127.0.0.1:{port}").unary_unary("/t.T/E", None, None)

            async def load():
                while True:
                    await call(b"x")

            callers = [asyncio.create_task(load()) for _ in range(8)]
            ended = set()
            for _ in range(100):
                child = await asyncio.create_subprocess_exec("/bin/true", start_new_session=True)
                ended.add(await child.wait())
            print(ended, flush=True)
            os._exit(0)

        uvloop.run(main())
    """
    variables = os.environ | {"PYTHONPATH": str(ROOT / "service")}
    command = [sys.executable, "-c", textwrap.dedent(script)]

    def run() -> str:
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True).stdout

    assert (await asyncio.to_thread(run)).strip() == "{0}"


async def test_a_start_without_an_opa_at_the_url_fails() -> None:
    """An OPA that cannot be reached ends the start: there is no decision without one."""
    config = load({"listen": ["127.0.0.1:0"], "opa_url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(EngineError, match="reached"):
        async with app.running(config):
            raise AssertionError("it serves")
