"""Whatever happens to OPA, nobody is allowed anything, and the engine recovers by itself."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
import os
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actas.engine.process import OpaCommand, OpaProcess, start_opa
from actas.engine.sidecar import SidecarEngine
from actas.engine.supervisor import ManagedOpa
from actas.errors import EngineError, Status
from engine_support import Impostor, answer_allow, build_bundle, opa, start_engine, until

pytestmark = pytest.mark.asyncio

SLOW = {"slow": 100_000_000}


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


# Milliseconds; on a busy machine more, and far less than what the callers of these tests would wait.
SOON_SECONDS = 2.0


async def decides(engine: SidecarEngine) -> None:
    """The engine answers a request."""
    assert (await engine.evaluate({"name": "again"}, timeout=5.0)).denials[0].reason == "again"


async def test_a_call_during_which_opa_is_killed_is_an_error_and_opa_comes_back(engine: SidecarEngine) -> None:
    """Kill -9 in the middle of a call: UNAVAILABLE at once, then a new OPA."""
    before = child(engine).pid
    call = asyncio.create_task(engine.evaluate(SLOW, timeout=5.0))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    os.kill(before, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        await call
    assert caught.value.status is Status.UNAVAILABLE
    assert asyncio.get_running_loop().time() - began < SOON_SECONDS
    await until(lambda: engine.health().ok and child(engine).pid != before)
    await decides(engine)


async def test_calls_while_opa_is_being_restarted_fail_quickly_and_say_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as OPA cannot start, callers do not wait; when it can, it does."""
    engine = await start_engine(tmp_path)
    bundle = tmp_path / "bundle.tar.gz"
    hidden = bundle.rename(tmp_path / "hidden")
    with caplog.at_level(logging.WARNING):
        os.kill(child(engine).pid, signal.SIGKILL)
        await until(lambda: "no policy bundle" in engine.health().reason)
        began = asyncio.get_running_loop().time()
        with pytest.raises(EngineError) as caught:
            await engine.evaluate({}, timeout=5.0)
        assert asyncio.get_running_loop().time() - began < SOON_SECONDS
        assert (caught.value.status, engine.health().ok) == (Status.UNAVAILABLE, False)
        hidden.rename(bundle)
        await until(lambda: engine.health().ok)
    await decides(engine)
    await engine.close()
    assert "killed by SIGKILL" in caplog.text
    assert "OPA runs again" in caplog.text


async def test_an_opa_that_hangs_is_noticed_and_replaced(engine: SidecarEngine) -> None:
    """SIGSTOP: calls end in time, health says so, and a new OPA takes over."""
    before = child(engine).pid
    call = asyncio.create_task(engine.evaluate(SLOW, timeout=0.5))
    await asyncio.sleep(0.1)
    os.kill(before, signal.SIGSTOP)
    with pytest.raises(EngineError) as caught:
        await call
    assert (caught.value.status, caught.value.reason) == (Status.UNAVAILABLE, "ENGINE_TIMEOUT")
    await until(lambda: not engine.health().ok)
    assert "does not answer" in engine.health().reason
    await until(lambda: engine.health().ok and child(engine).pid != before, seconds=30.0)
    await decides(engine)


async def test_it_recovers_from_repeated_crashes(engine: SidecarEngine) -> None:
    """Pauses grow, but every crash is recovered from."""
    for _ in range(3):
        before = child(engine).pid
        os.kill(before, signal.SIGKILL)
        await until(lambda before=before: engine.health().ok and child(engine).pid != before)  # type: ignore[misc]
        await decides(engine)


def forged_tls(directory: Path) -> ssl.SSLContext:
    """A certificate like OPA's, with another key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "actas-opa")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "forged.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.mark.parametrize(("with_tls", "reason"), [(True, "ENGINE_UNTRUSTED"), (False, "ENGINE_TIMEOUT")])
async def test_an_impostor_on_opas_port_gets_no_token_and_decides_nothing(
    tmp_path: Path, with_tls: bool, reason: str
) -> None:
    """Whoever takes the port after a crash and answers allow is not believed, with TLS or without."""
    crashed = await start_opa(OpaCommand(opa(), build_bundle(tmp_path), ("actas/decision/decision",)))
    assert (await crashed.connection.ask("actas/decision/decision", {}, timeout=5.0))["effect"] == "DENY"
    os.kill(crashed.pid, signal.SIGKILL)
    await crashed.wait()
    tls = forged_tls(tmp_path) if with_tls else None
    impostor = await Impostor.listen(answer_allow, port=crashed.port, tls=tls)
    with pytest.raises(EngineError) as caught:
        await crashed.connection.ask("actas/decision/decision", {}, timeout=0.5)
    assert (caught.value.status, caught.value.reason) == (Status.UNAVAILABLE, reason)
    assert not await crashed.connection.is_healthy(timeout=1.0)
    assert b"Bearer" not in impostor.received
    await impostor.close()
    await crashed.stop()


async def test_after_a_crash_the_engine_leaves_the_port_to_an_impostor(engine: SidecarEngine) -> None:
    """The next OPA listens elsewhere, with a new key and a new token."""
    crashed = child(engine)
    os.kill(crashed.pid, signal.SIGKILL)
    await until(lambda: crashed.exited)
    impostor = await Impostor.listen(answer_allow, port=crashed.port)
    await until(lambda: engine.health().ok and child(engine) is not crashed)
    assert child(engine).port != crashed.port
    await decides(engine)
    assert b"Bearer" not in impostor.received
    await impostor.close()


async def test_under_load_a_crash_loses_calls_but_never_mixes_answers(engine: SidecarEngine) -> None:
    """Every caller gets its own decision or UNAVAILABLE, nothing else."""
    outcomes: list[str] = []

    async def caller(number: int) -> None:
        for turn in range(200):
            name = f"{number}.{turn}"
            try:
                result = await engine.evaluate({"name": name}, timeout=5.0)
            except EngineError as error:
                outcomes.append(error.status.lower())
                await asyncio.sleep(0.02)
            else:
                assert result.denials[0].reason == name
                outcomes.append("decided")

    callers = [asyncio.create_task(caller(number)) for number in range(16)]
    await until(lambda: len(outcomes) > 100)
    os.kill(child(engine).pid, signal.SIGKILL)
    await asyncio.gather(*callers)
    assert set(outcomes) == {"decided", "unavailable"}
    await until(lambda: engine.health().ok)
    await decides(engine)
