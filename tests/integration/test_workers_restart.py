"""Replacing workers while they are asked, and workers that come to grief."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import grpc
import pytest

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.decision.v1 import service_pb2_grpc
from actas.engine.opa_binary import resolve_opa
from actas.policy.bundle import compile_policy
from actas.server.pid_file import ask
from ports import free_port
from service_support import adopter_root, exchange, until
from test_signed_approvals import approve, deletion
from test_signed_approvals import root as approving_root
from worker_support import Workers, message, told, workers

ALLOW = 1


@asynccontextmanager
async def load(running: Workers, callers: int) -> AsyncIterator[list[str]]:
    """Ask all the time with so many callers of our client; a call that fails ends the test."""
    made: list[str] = []
    stop = asyncio.Event()

    async def caller() -> None:
        async with AsyncDecisionClient(running.running.address, timeout=20) as client:
            while not stop.is_set():
                decision = await client.decide(exchange())
                assert decision.effect is Effect.ALLOW
                made.append(decision.policy.revision)

    async with asyncio.TaskGroup() as group:
        for _ in range(callers):
            group.create_task(caller())
        await until(lambda: len(made) > 10 * callers, 60)
        yield made
        stop.set()


async def test_a_rolling_restart_fails_no_call(tmp_path: Path) -> None:
    """Sixteen callers all the time; afterwards every worker is another process."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        before = {worker.pid for worker in running.all()}
        async with load(running, 16) as made:
            assert ask(tmp_path / "serve.pid", signal.SIGUSR2) == running.running.process.pid
            await running.running.event("workers_replaced", seconds=120)
            after = len(made)
            await until(lambda: len(made) > after + 100, 60)
        assert running.serving() == 2
        assert not before & {worker.pid for worker in running.all()}
        assert running.metric("actas_worker_restarts_total") == 0
        assert running.metric("actas_decisions_total") == len(made)


@pytest.mark.slow
async def test_a_replacement_that_does_not_come_up_leaves_the_old_workers(tmp_path: Path) -> None:
    """The rest is not touched either, and the log says why."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        before = {worker.pid for worker in running.all()}
        shutil.rmtree(_runtime(running) / "revisions")
        running.running.process.send_signal(signal.SIGUSR2)
        failed = await running.running.event("workers_replaced_failed", seconds=60)
        assert "the revision cannot be read" in failed["problem"]
        assert {worker.pid for worker in running.all()} == before
        assert running.serving() == 2
        async with running.stubs() as stubs:
            for stub in stubs.values():
                assert (await told(stub, message()))[0].effect == ALLOW


async def test_one_process_has_nothing_to_replace(tmp_path: Path) -> None:
    """SIGUSR2 must not end it, and a call gets no number of a worker."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}, of=1) as running:
        running.running.process.send_signal(signal.SIGUSR2)
        await running.running.event("no workers are replaced: this service is one process")
        async with AsyncDecisionClient(running.running.address, timeout=20) as client:
            assert (await client.decide(exchange())).effect is Effect.ALLOW
        async with grpc.aio.insecure_channel(running.running.address) as channel:
            call = channel.unary_unary("/actas.decision.v1.DecisionService/Decide")(b"")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call
            assert "actas-worker" not in dict(refused.value.trailing_metadata() or ())


@pytest.mark.slow
async def test_a_worker_that_ends_again_and_again_is_started_ever_more_slowly(tmp_path: Path) -> None:
    """Each time it says how long it waits; the other one serves meanwhile."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        for kills in range(1, 4):
            running.process(1).kill()
            await running.running.event("worker_ended", count=kills)
            await until(lambda: running.serving() == 2, 30)
        pauses = [event["again_in"] for event in running.running.events if event["event"] == "worker_ended"]
        assert pauses == sorted(set(pauses))
        assert "SIGKILL" in (await running.running.event("worker_ended"))["problem"]
        assert running.metric("actas_worker_restarts_total") == 3


async def test_without_its_directory_no_approval_counts(tmp_path: Path) -> None:
    """Nobody could say which were used, so that is no decision; exchanges that need none are decided as before."""
    policies = approving_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": policies}) as running, running.stubs() as stubs:
        used = message(deletion(approve(policies)))
        assert (await told(stubs[0], used))[0].effect == ALLOW
        shutil.rmtree(_runtime(running))
        for stub in stubs.values():
            for spent in (used, message(deletion(approve(policies)))):
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await stub.Decide(spent, timeout=20)
                assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
                assert "approvals" in (refused.value.details() or "")
            assert (await told(stub, message()))[0].effect == ALLOW


@pytest.mark.slow
async def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    """Connections to it stay open and nothing answers: only the supervisor can end that."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        hanging = running.process(0)
        hanging.suspend()
        killed = await running.running.event("worker_killed", seconds=60)
        assert killed["problem"] == "it does not answer"
        await until(lambda: running.serving() == 2, 60)
        assert not hanging.is_running()


@contextmanager
def _opa(bundle: Path, port: int) -> Iterator[None]:
    """Run an open OPA with *bundle* on loopback."""
    command = [resolve_opa(), "run", "--server", f"--addr=127.0.0.1:{port}", "--skip-version-check"]
    process = subprocess.Popen([*command, "--log-level=error", "--bundle", bundle])
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_a_worker_that_finds_another_revision_at_an_opa_by_url_does_not_serve(tmp_path: Path) -> None:
    """Only the revision that was checked at the start counts, for every worker and as long as the service runs."""
    port, bundles = free_port(), []
    for seconds in (900, 800):
        root = adopter_root(tmp_path / str(seconds))
        (root / "custom/actas/settings/data.yaml").write_text(f"max_lifetime_seconds: {seconds}\n", encoding="utf-8")
        bundles.append((await asyncio.to_thread(compile_policy, [root], opa=resolve_opa(), into=tmp_path)).path)
    with ExitStack() as first:
        first.enter_context(_opa(bundles[0], port))
        await until(lambda: _listens(port))
        async with workers(tmp_path, {"opa_url": f"http://127.0.0.1:{port}"}) as running:
            assert running.serving() == 2
            first.close()
            with _opa(bundles[1], port):
                await until(lambda: _listens(port))
                running.process(1).kill()
                refused = await running.running.event("worker_ended", count=2, seconds=60)
                assert "was checked" in refused["problem"]
                assert running.serving() == 1
                async with grpc.aio.insecure_channel(running.running.address) as channel:
                    stub = service_pb2_grpc.DecisionServiceStub(channel)  # type: ignore[no-untyped-call]
                    with pytest.raises(grpc.aio.AioRpcError):
                        await stub.Decide(message(), timeout=20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _runtime(running: Workers) -> Path:
    """Give the directory that the supervisor has made, as its workers are told it."""
    return Path(running.process(0).cmdline()[-1]).parent
