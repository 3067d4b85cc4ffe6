"""Who may call, over a real gRPC server: tokens, permissions, TLS, health, reflection."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ipaddress
import json
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from joserfc import jwt
from joserfc.jwk import ECKey

from actas import wire
from actas.client import AsyncDecisionClient, Target
from actas.errors import ConfigError, EngineError
from actas.server import interceptors
from actas.server.servicer import SERVICE
from actas.server.sparing import Sparing
from server_support import ISSUER, REQUEST, ChosenDecider, Told, send_bytes, served

TOKEN = "a-long-random-token"
CALLER = {
    "name": "sts",
    "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    "authorization_servers": [ISSUER],
}
DATA = wire.request_to_proto(REQUEST).SerializeToString()
BEARER = (("authorization", f"Bearer {TOKEN}"),)


async def refused(address: str, metadata: tuple[tuple[str, str], ...], data: bytes = DATA) -> Told:
    """Call Decide with *metadata*; it must be refused."""
    with pytest.raises(aio.AioRpcError) as caught:
        await send_bytes(address, "Decide", data, metadata)
    return Told(caught.value)


async def test_with_callers_a_token_is_needed_even_on_loopback() -> None:
    """UNAUTHENTICATED before the message is looked at; the decision knows the caller by its name."""
    decider = ChosenDecider()
    async with served(decider, {"callers": [CALLER]}) as server:
        for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", "Basic x"),)):
            told = await refused(server.address, metadata, b"\xff")
            assert (told.code, told.reason) == ("UNAUTHENTICATED", "CALLER_NOT_AUTHENTICATED")
        assert decider.asked == []

        await send_bytes(server.address, "Decide", DATA, BEARER)

    assert decider.asked[0][2] == "sts"


async def test_who_is_nobody_fills_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line now and then says that somebody tries; each try is counted."""
    monkeypatch.setattr(interceptors, "_of_nobody", Sparing(1.0, lambda: 0.0))
    with structlog.testing.capture_logs() as lines:
        async with served(ChosenDecider(), {"callers": [CALLER]}) as server:
            for _ in range(5):
                assert (await refused(server.address, ())).reason == "CALLER_NOT_AUTHENTICATED"
            counted = server.metrics.exposition().decode()
    assert [line["reason"] for line in lines if line["event"] == "refused"] == ["CALLER_NOT_AUTHENTICATED"]
    assert 'actas_calls_total{method="Decide",status="UNAUTHENTICATED"} 5.0' in counted


async def test_a_caller_may_not_speak_for_another_authorization_server() -> None:
    """PERMISSION_DENIED, naming the field; in a batch only that item."""
    decider = ChosenDecider()
    other = {**CALLER, "authorization_servers": ["https://other.example"]}
    async with served(decider, {"callers": [other]}) as server:
        told = await refused(server.address, BEARER)
        async with AsyncDecisionClient(Target(server.address, TOKEN)) as client:
            items = await client.decide_batch([REQUEST])

    assert (told.code, told.reason) == ("PERMISSION_DENIED", "AUTHORIZATION_SERVER_NOT_PERMITTED")
    assert isinstance(items[0], EngineError)
    assert items[0].status.value == "PERMISSION_DENIED"
    assert decider.asked == []


async def test_a_caller_is_known_by_a_jwt(tmp_path: Path) -> None:
    """In the header in which other callers send their random tokens."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    named = {
        "issuer": "https://sso.example",
        "subject": "sts",
        "audience": "actas",
        "jwks_file": tmp_path / "jwks.json",
    }
    caller = {"name": "sts", "jwt": named, "authorization_servers": [ISSUER]}
    claims = {"iss": "https://sso.example", "sub": "sts", "exp": int(time.time()) + 60}
    decider = ChosenDecider()
    async with served(decider, {"callers": [caller]}) as server:
        for audience, told in (("actas", None), ("another", "CALLER_NOT_AUTHENTICATED")):
            token = jwt.encode({"alg": "ES256", "kid": "k1"}, {**claims, "aud": audience}, key)
            bearer = (("authorization", f"Bearer {token}"),)
            if told is None:
                await send_bytes(server.address, "Decide", DATA, bearer)
            else:
                assert (await refused(server.address, bearer)).reason == told

    assert [asked[2] for asked in decider.asked] == ["sts"]


async def test_health_needs_no_token() -> None:
    """A load balancer has none; it learns whether decisions can be made."""
    async with (
        served(ChosenDecider(), {"callers": [CALLER]}) as server,
        aio.insecure_channel(server.address) as channel,
    ):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for able, status in ((True, 1), (False, 2)):
            await server.host.serving(able)
            for name in ("", SERVICE):
                assert (await stub.Check(health_pb2.HealthCheckRequest(service=name))).status == status


async def test_a_watch_of_health_costs_no_more_than_a_name() -> None:
    """Who has no token could otherwise leave a message of the greatest length here, hundreds on each connection."""
    async with (
        served(ChosenDecider(), {"callers": [CALLER]}) as server,
        aio.insecure_channel(server.address) as channel,
    ):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for name, status in ((SERVICE, 1), ("", 1), ("nobody", 3)):
            watched = stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert (await watched.read()).status == status
            watched.cancel()
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.Watch(health_pb2.HealthCheckRequest(service="a" * 10_000), timeout=10).read()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def list_services(address: str, metadata: tuple[tuple[str, str], ...] = ()) -> list[str]:
    """Ask reflection which services there are."""
    async with aio.insecure_channel(address) as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")]), metadata=metadata
        )
        async for answer in call:
            return [service.name for service in answer.list_services_response.service]
    return []


async def test_reflection_is_off_unless_configured() -> None:
    """A server tells nobody what it serves by default."""
    async with served(ChosenDecider()) as server:
        with pytest.raises(aio.AioRpcError) as caught:
            await list_services(server.address)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED

    async with served(ChosenDecider(), {"reflection": True}) as server:
        assert SERVICE in await list_services(server.address)


async def test_reflection_needs_a_token_and_the_permission_where_callers_are_known() -> None:
    """It is a call as every other, also from the machine itself: a proxy beside the service is there as well."""
    for permissions, status in (([], grpc.StatusCode.PERMISSION_DENIED), (["reflection"], None)):
        caller = {**CALLER, "permissions": permissions}
        async with served(ChosenDecider(), {"reflection": True, "callers": [caller]}) as server:
            with pytest.raises(aio.AioRpcError) as caught:
                await list_services(server.address)
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            if status is None:
                assert SERVICE in await list_services(server.address, BEARER)
                continue
            with pytest.raises(aio.AioRpcError) as caught:
                await list_services(server.address, BEARER)
            assert caught.value.code() is status


def certificate(directory: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (directory / "server.crt").write_bytes(signed.public_bytes(pem))
    (directory / "server.key").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return directory / "server.crt", directory / "server.key"


async def test_with_tls_only_who_trusts_the_certificate_gets_an_answer(tmp_path: Path) -> None:
    """Plain text and other authorities get no decision."""
    cert, key = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    other, _ = certificate(tmp_path / "other")
    async with served(ChosenDecider(), {"tls_cert": cert, "tls_key": key, "callers": [CALLER]}) as server:
        async with AsyncDecisionClient(Target(server.address, TOKEN, ca=cert.read_bytes())) as client:
            assert (await client.decide(REQUEST)).decision_id == "d-1"
        for wrong in (Target(server.address, TOKEN), Target(server.address, TOKEN, ca=other.read_bytes())):
            async with AsyncDecisionClient(wrong, timeout=0.5) as client:
                with pytest.raises(EngineError):
                    await client.decide(REQUEST)


async def test_a_unix_socket_serves_too(tmp_path: Path) -> None:
    """One path, reachable by file permissions only."""
    async with served(ChosenDecider(), {"listen": ["127.0.0.1:0", f"unix:{tmp_path}/actas.sock"]}):
        async with AsyncDecisionClient(f"unix:{tmp_path}/actas.sock") as client:
            explanation = await client.explain(REQUEST)

    assert explanation.decision.decision_id == "d-1"
    assert explanation.rules[0].inputs == {"input.scope": "read"}


async def test_a_taken_port_is_an_error() -> None:
    """The port is never shared with another process."""
    async with served(ChosenDecider()) as server:
        with pytest.raises(ConfigError, match="taken") as caught:
            async with served(ChosenDecider(), {"listen": [server.address]}):
                await asyncio.sleep(0)
        assert caught.value.setting == "listen"
