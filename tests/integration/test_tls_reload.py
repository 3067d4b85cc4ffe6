"""Certificates and authorities change while the service serves: new ones count at once, what makes no sense never."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from actas.client import AsyncDecisionClient
from actas.config import load
from actas.errors import ConfigError, EngineError
from actas.server.metrics import Metrics
from actas.server.tls.security import open_security
from caller_certificates import ACTAS, STS, Domain, Party, key_pem, put, roots_pem, shown_by
from server_support import ISSUER, REQUEST, ChosenDecider, served
from service_support import until
from trust_domain.workload_api import WorkloadApi

CALLER = {"name": "sts", "spiffe_id": f"spiffe://example.org{STS}", "authorization_servers": [ISSUER]}


def counted(metrics: Metrics, setting: str, outcome: str) -> float:
    """Give how often the files of *setting* were read again or kept."""
    labels = {"setting": setting, "outcome": outcome}
    return metrics.registry.get_sample_value("actas_followed_files_total", labels) or 0.0


class World:
    """A trust domain, the service's files and a caller's."""

    def __init__(self, folder: Path) -> None:
        """Write everything once."""
        self.domain = Domain("example.org")
        self.bundle = put(folder / "bundle.json", self.domain.bundle_text())
        self.ca = put(folder / "ca.pem", roots_pem(self.domain))
        self.server = Party(folder, "actas", self.domain.x509_svid(ACTAS))
        self.caller = Party(folder, "sts", self.domain.x509_svid(STS))
        self.settings = {
            "tls_cert": self.server.cert,
            "tls_key": self.server.key,
            "tls_spiffe_bundles": {"example.org": self.bundle},
            "callers": [CALLER],
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One of each test."""
    return World(tmp_path)


async def test_a_new_certificate_counts_from_the_next_handshake(world: World) -> None:
    """Without a restart, and without anything that tells the service."""
    async with served(ChosenDecider(), world.settings) as server:
        before = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
        world.domain.rotate()
        world.server.renew(world.domain.x509_svid(ACTAS))
        put(world.ca, roots_pem(world.domain))
        after = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)

        assert before.serial_number != after.serial_number
        assert counted(server.metrics, "tls_cert", "read") >= 1


async def test_a_half_written_pair_leaves_the_old_one_serving(world: World) -> None:
    """A certificate without its key, and a file that is no certificate: the old pair goes on, and it is said why."""
    async with served(ChosenDecider(), world.settings) as server:
        before = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
        world.domain.rotate()
        new = world.domain.x509_svid(ACTAS)
        put(world.ca, roots_pem(world.domain))
        assert server.security is not None
        for content, problem in ((b"-----BEGIN CERT", "no PEM certificate"), (None, "not that of the certificate")):
            old_key = world.server.key.read_bytes()
            world.server.renew(new) if content is None else put(world.server.cert, content)
            put(world.server.key, old_key)
            still = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
            assert still.serial_number == before.serial_number
            assert problem in server.security.problem
        assert counted(server.metrics, "tls_cert", "kept") == 2

        put(world.server.key, key_pem(new))
        after = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
        assert after.serial_number != before.serial_number
        assert server.security.problem == ""


async def test_an_authority_that_is_dropped_ends_open_connections_too(world: World) -> None:
    """What it signed names nobody from the next call on, on the connection that was there before."""
    async with (
        served(ChosenDecider(), world.settings) as server,
        AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10, connections=1) as client,
    ):
        assert (await client.decide(REQUEST)).decision_id == "d-1"
        put(world.bundle, Domain("example.org", seed="another").bundle_text())
        assert server.security is not None
        await asyncio.to_thread(server.security.look)
        with pytest.raises(EngineError) as caught:
            await client.decide(REQUEST)

    assert caught.value.reason == "CALLER_NOT_AUTHENTICATED"


@pytest.mark.parametrize("before", [True, False])
async def test_a_bundle_without_keys_lets_nobody_in(world: World, before: bool) -> None:
    """It revokes the trust domain, whether it is so at the start or becomes so (Trust Domain and Bundle, 4.1.3)."""
    if before:
        put(world.bundle, b'{"keys": []}')
    async with served(ChosenDecider(), world.settings) as server:
        put(world.bundle, b'{"keys": []}')
        async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=1) as client:
            with pytest.raises(EngineError) as caught:
                await client.decide(REQUEST)
        assert server.security is not None
        assert server.security.problem == ""
    assert caught.value.reason in ("NO_ANSWER", "DEADLINE_EXCEEDED", "CALLER_NOT_AUTHENTICATED")


async def test_a_client_shows_what_is_in_its_files_now(world: World) -> None:
    """Although its connection is there and good: the next call goes over a new one, and none fails on the way."""
    async with (
        served(ChosenDecider(), world.settings) as server,
        AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client,
    ):
        await client.decide(REQUEST)
        for _ in range(3):  # by then nothing vouches any more for the certificate that it began with
            world.domain.rotate()
        world.caller.renew(world.domain.x509_svid(STS))
        put(world.ca, world.ca.read_bytes() + roots_pem(world.domain))
        put(world.bundle, world.domain.bundle_text())
        await asyncio.sleep(1.1)
        assert (await client.decide(REQUEST)).decision_id == "d-1"


async def test_a_certificate_that_ends_ends_what_its_caller_may(world: World) -> None:
    """Also on a connection that was made while it was good."""
    world.caller.renew(world.domain.x509_svid(STS, ends=2))
    async with (
        served(ChosenDecider(), world.settings) as server,
        AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10, connections=1) as client,
    ):
        assert (await client.decide(REQUEST)).decision_id == "d-1"
        await asyncio.sleep(3.1)
        with pytest.raises(EngineError) as caught:
            await client.decide(REQUEST)

    assert caught.value.reason == "CALLER_NOT_AUTHENTICATED"


async def test_a_certificate_that_nobody_renews_is_a_problem_before_it_ends(world: World) -> None:
    """`/ready` says so from the last tenth of its life on."""
    for ends, said in ((3600, ""), (1, "the certificate ends at ")):
        world.server.renew(world.domain.x509_svid(ACTAS, ends=ends))
        async with served(ChosenDecider(), world.settings) as server:
            assert server.security is not None
            problem = server.security.problem
            assert problem.startswith(said)
            assert bool(problem) == bool(said)


async def test_the_service_takes_its_own_svid_from_the_workload_api(world: World, tmp_path: Path) -> None:
    """Certificate and bundles come from there, and a rotation of every authority is followed."""
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS) as api:
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        async with served(ChosenDecider(), settings) as server:
            async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client:
                assert (await client.decide(REQUEST)).decision_id == "d-1"
            before = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
            api.rotate()
            await until(lambda: counted(server.metrics, "tls_workload_api", "read") >= 2)
            world.caller.renew(world.domain.x509_svid(STS))
            put(world.ca, roots_pem(world.domain))
            after = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
            assert before.serial_number != after.serial_number

            api.stop()
            async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client:
                assert (await client.decide(REQUEST)).decision_id == "d-1", "the last SVID serves on"
                assert server.security is not None
                await until(lambda: "is not there" in server.security.problem)
                api.start()
                await until(lambda: server.security.problem == "")


async def test_of_several_svids_the_service_shows_the_one_with_a_name(world: World, tmp_path: Path) -> None:
    """A user that several entries name gets the SVIDs of all; clients of gRPC accept one that has a DNS name alone."""
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS, also=(STS,)):
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        async with served(ChosenDecider(), settings) as server:
            async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client:
                assert (await client.decide(REQUEST)).decision_id == "d-1"


async def test_an_svid_that_is_missed_for_a_moment_fails_nobody(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While SPIRE's agent has an SVID signed anew, it leaves it out or refuses the workload: no withdrawal yet."""
    # The moment is as long as a busy machine needs.
    monkeypatch.setattr("actas.evidence.svid.workload_api.REFUSED_SECONDS", 60.0)
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS, also=(STS,)) as api:
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        async with served(ChosenDecider(), settings) as server:
            for missed in (lambda: setattr(api, "left_out", True), lambda: setattr(api, "entitled", False)):
                asked = api.calls["FetchX509SVID"]
                api.change(missed)
                await until(lambda: api.calls["FetchX509SVID"] > asked)  # noqa: B023 - of this round
                async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client:
                    assert (await client.decide(REQUEST)).decision_id == "d-1"
                api.change(lambda: setattr(api, "left_out", False), lambda: setattr(api, "entitled", True))
                await until(lambda: api.calls["FetchX509SVID"] > asked + 1)  # noqa: B023 - the same
                async with AsyncDecisionClient(world.caller.target(server.address, world.ca), timeout=10) as client:
                    assert (await client.decide(REQUEST)).decision_id == "d-1"


async def test_a_service_that_the_workload_api_refuses_knows_nobody_by_a_spiffe_id(
    world: World, tmp_path: Path
) -> None:
    """Whoever has no identity any more ceases to use what it had, until it has one again."""
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS) as api:
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        async with served(ChosenDecider(), settings) as server:
            assert server.security is not None
            target = world.caller.target(server.address, world.ca)
            async with AsyncDecisionClient(target, timeout=10, connections=1) as client:
                assert (await client.decide(REQUEST)).decision_id == "d-1"
                api.entitled = False
                api.change()
                await until(lambda: "refuses" in server.security.problem)
                await asyncio.to_thread(server.security.look)
                with pytest.raises(EngineError) as caught:
                    await client.decide(REQUEST)
                assert caught.value.reason == "CALLER_NOT_AUTHENTICATED"
                api.entitled = True
                await until(lambda: server.security.problem == "")
                await asyncio.to_thread(server.security.look)
                assert (await client.decide(REQUEST)).decision_id == "d-1"


async def test_what_came_with_an_svid_vouches_for_nobody_when_that_has_ended(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that died tells of no authority that is dropped: it is believed for as long as its last SVID lasts."""
    later = [0.0]
    clock = SimpleNamespace(time=lambda: time.time() + later[0], monotonic=time.monotonic)
    monkeypatch.setattr("actas.server.tls.workload.time", clock)
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS) as api:
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        target = world.caller.target
        async with (
            served(ChosenDecider(), settings) as server,
            AsyncDecisionClient(target(server.address, world.ca), timeout=10, connections=1) as client,
        ):
            api.stop()
            assert server.security is not None
            for later[0], known in ((3500.0, True), (3700.0, False), (0.0, True)):
                await asyncio.to_thread(server.security.look)
                if known:
                    assert (await client.decide(REQUEST)).decision_id == "d-1"
                    continue
                with pytest.raises(EngineError) as caught:
                    await client.decide(REQUEST)
                assert caught.value.reason == "CALLER_NOT_AUTHENTICATED"


async def test_a_partner_without_certificates_keeps_no_rotation_back(world: World, tmp_path: Path) -> None:
    """What its bundle holds is the partner's choice; the service's own SVID and bundle come in the same message."""
    partner = Domain("partner.test")
    with WorkloadApi(tmp_path / "agent.sock", world.domain, ACTAS, (partner,)) as api:
        settings = {"tls_workload_api": f"unix:{tmp_path}/agent.sock", "callers": [CALLER]}
        async with served(ChosenDecider(), settings) as server:
            before = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
            api.change(partner.roots.clear, world.domain.rotate)
            await until(lambda: counted(server.metrics, "tls_workload_api", "read") >= 2)
            put(world.ca, roots_pem(world.domain))
            after = await asyncio.to_thread(shown_by, server.address, world.caller, world.ca)
            assert before.serial_number != after.serial_number


async def test_without_an_svid_the_service_does_not_start(tmp_path: Path) -> None:
    """An agent that is not there is a mistake of the configuration; it is not waited for forever."""
    config = load({"listen": ["127.0.0.1:0"], "tls_workload_api": f"unix:{tmp_path}/nobody.sock"})
    with pytest.raises(ConfigError, match="gave no X\\.509-SVID within 1 s"):
        await asyncio.to_thread(open_security, config, Metrics(), wait=1.0)
