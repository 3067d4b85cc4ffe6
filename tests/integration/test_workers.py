"""Several workers behind one address: what callers see, and what an authorization server may rely on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import psutil
import pytest
import pytest_asyncio

from actas.client import AsyncDecisionClient
from actas.decision import Effect
from actas.decision.v1 import request_pb2
from service_support import AGENT, adopter_root, exchange, until
from test_signed_approvals import approve, deletion
from test_signed_approvals import root as approving_root
from worker_support import Workers, message, told, workers

ALLOW, DENY = 1, 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workers]:
    """Two workers over a root in which deletions need an approval, and with a file of revocations."""
    folder = tmp_path_factory.mktemp("workers")
    (folder / "state.json").write_text('{"revocations": []}')
    settings = {"policies": approving_root(folder / "policies"), "state": folder / "state.json"}
    async with workers(folder, settings) as running:
        yield running


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_answer_says_which_worker_gave_it(running: Workers) -> None:
    """Errors as well; ids are unique over all workers, and every line of the log is whole and names its worker."""
    async with running.stubs() as stubs:
        ids = []
        for number, stub in stubs.items():
            decisions = await asyncio.gather(*(told(stub, message()) for _ in range(100)))
            assert {by for _, by in decisions} == {number}
            ids += [decision.decision_id for decision, _ in decisions]
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Decide(request_pb2.DecideRequest())
            trailer = dict(refused.value.trailing_metadata())
            assert trailer["actas-worker"] == f"{number}/2"
            assert "grpc-status-details-bin" in trailer
    assert len(set(ids)) == 200
    lines = (running.running.folder / "log").read_text().splitlines()
    logged = {line["decision_id"]: line["worker"] for line in map(json.loads, lines) if line["event"] == "decision"}
    assert set(ids) <= set(logged)
    assert set(logged.values()) == {0, 1}


async def test_an_approval_is_used_once_by_all_workers_together(running: Workers) -> None:
    """Twenty at once over both: one gets it, also after a worker was started again."""
    approval = message(deletion(approve(running.running.folder / "policies")))
    async with running.stubs() as stubs:
        decisions = await asyncio.gather(*(told(stubs[n % 2], approval) for n in range(20)))
    assert sorted(decision.effect for decision, _ in decisions) == [ALLOW, *[DENY] * 19]
    used = message(deletion(approve(running.running.folder / "policies")))
    async with running.stubs() as stubs:
        assert (await told(stubs[0], used))[0].effect == ALLOW
    for number in range(2):
        restarts = running.metric("actas_worker_restarts_total")
        running.process(number).kill()
        await until(lambda before=restarts: running.metric("actas_worker_restarts_total") > before, 30)
        await until(lambda: running.serving() == 2, 30)
    async with running.stubs() as stubs:
        for stub in stubs.values():
            for spent in (approval, used):
                decision, _ = await told(stub, spent)
                assert [denial.code for denial in decision.denials] == ["APPROVAL_REVOKED"]
        # The service began before these were given, however young the worker is.
        fresh = message(deletion(approve(running.running.folder / "policies")))
        assert (await told(stubs[1], fresh))[0].effect == ALLOW


async def test_a_revocation_counts_in_every_worker_within_a_second(running: Workers) -> None:
    """The file is looked at before every decision, by each of them."""
    state = running.running.folder / "state.json"
    fresh = state.with_suffix(".new")
    async with running.stubs() as stubs:
        for revoked in (True, False):
            entries = [{"kind": "actor", "sub": AGENT}] if revoked else []
            fresh.write_text(json.dumps({"revocations": entries}))
            fresh.replace(state)
            changed = time.monotonic()
            effects = [(await told(stub, message()))[0].effect for stub in stubs.values()]
            assert effects == [DENY if revoked else ALLOW] * 2
            assert time.monotonic() - changed < 1


async def test_a_second_service_cannot_join_the_port(running: Workers, tmp_path: Path) -> None:
    """With workers or without, it says what is wrong and ends; also while the first has not begun to listen."""
    for count in ("1", "2"):
        command = [sys.executable, "-m", "actas", "serve", "--listen", running.running.address, "--workers", count]
        second = await asyncio.to_thread(
            subprocess.run,
            [*command, "--pid-file", str(tmp_path / "pid")],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert second.returncode == 2
        assert f"listen: {running.running.address}: cannot listen there; is the address taken?" in second.stderr


async def test_counts_of_all_workers_are_added_up_and_never_go_back(running: Workers) -> None:
    """A worker that is killed takes no count with it, and its successor goes on."""
    async with running.stubs() as stubs:
        before = running.metric("actas_decisions_total")
        for stub in stubs.values():
            for _ in range(10):
                await told(stub, message())
        assert running.metric("actas_decisions_total") == before + 20
        counted = running.metric("actas_decisions_total")
    restarts = running.metric("actas_worker_restarts_total")
    running.process(1).kill()
    seen = []
    await until(
        lambda: (
            (seen.append(running.metric("actas_decisions_total")) or running.serving() == 2)  # type: ignore[func-returns-value]
            and running.metric("actas_worker_restarts_total") == restarts + 1
        ),
        30,
    )
    assert seen == [counted] * len(seen)
    async with running.stubs() as stubs:
        await told(stubs[1], message())
    assert running.metric("actas_decisions_total") > counted
    assert running.metric("actas_workers_serving") == 2
    assert running.metric("actas_workers") == 2


async def test_one_worker_is_killed_and_the_others_serve_on(running: Workers) -> None:
    """Callers who ask again, as the client does, notice nothing; readiness says how many serve."""
    stop = asyncio.Event()
    made = 0

    async def caller() -> None:
        nonlocal made
        async with AsyncDecisionClient(running.running.address, timeout=20) as client:
            while not stop.is_set():
                assert (await client.decide(exchange())).effect is Effect.ALLOW
                made += 1

    async with asyncio.TaskGroup() as callers:
        for _ in range(8):
            callers.create_task(caller())
        await until(lambda: made > 50)
        running.process(0).kill()
        await until(lambda: running.serving() == 1)
        assert running.running.ready(running.port)[0] == 200
        await until(lambda: running.serving() == 2, 30)
        assert running.running.ready(running.port)[1]["workers"] == {"able": 2, "serving": 2, "of": 2}
        stop.set()
    assert running.running.process.poll() is None


@pytest.mark.parametrize("engine", ["sidecar"])
async def test_each_worker_has_an_opa_of_its_own(tmp_path: Path, engine: str) -> None:
    """The sidecar engine with workers decides as it does without."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies"), "engine": engine}) as running:
        async with running.stubs() as stubs:
            for stub in stubs.values():
                assert (await told(stub, message()))[0].effect == ALLOW
        opas = [child for child in running.running.children() if child.name() == "opa"]
        assert {child.ppid() for child in opas} == {worker.pid for worker in running.all()}


async def test_a_unix_socket_has_a_path_for_each_worker(tmp_path: Path) -> None:
    """A path belongs to the same worker number after it was replaced, and none is left in the end."""
    path = tmp_path / "actas.sock"
    (tmp_path / "actas.sock.0").touch()
    (tmp_path / "actas.sock.0").unlink()
    settings = {"policies": adopter_root(tmp_path / "policies"), "listen": f"unix:{path}"}
    async with workers(tmp_path, settings) as running:
        assert sorted(tmp_path.glob("actas.sock*")) == [tmp_path / "actas.sock.0", tmp_path / "actas.sock.1"]
        for again in (False, True):
            if again:
                running.running.process.send_signal(signal.SIGUSR2)
                await running.running.event("workers_replaced", seconds=60)
            for number in range(2):
                async with AsyncDecisionClient(f"unix:{path}.{number}", timeout=20) as client:
                    decision = await client.decide(exchange())
                line = next(e for e in running.running.events if e.get("decision_id") == decision.decision_id)
                assert line["worker"] == number
        running.running.process.terminate()
        assert await asyncio.to_thread(running.running.process.wait, 30) == 0
        assert not list(tmp_path.glob("actas.sock*"))


async def test_workers_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """Nobody is left who would serve what nobody can change any more, not even one that hangs."""
    async with workers(tmp_path, {"policies": adopter_root(tmp_path / "policies")}) as running:
        processes = running.all()
        assert len(processes) == 2
        processes[0].suspend()
        os.kill(running.running.process.pid, signal.SIGKILL)
        gone, alive = await asyncio.to_thread(psutil.wait_procs, processes, 10)
        assert (len(gone), alive) == (2, [])


async def test_sigterm_ends_all_gracefully(tmp_path: Path) -> None:
    """Status 0, no process left, no directory left."""
    (tmp_path / "tmp").mkdir()
    settings = {"policies": adopter_root(tmp_path / "policies")}
    os.environ["TMPDIR"] = str(tmp_path / "tmp")
    try:
        async with workers(tmp_path, settings) as running:
            processes = running.all()
            running.running.process.terminate()
            assert await asyncio.to_thread(running.running.process.wait, 30) == 0
            assert not [process for process in processes if process.is_running()]
            assert not list((tmp_path / "tmp").glob("actas-serve-*"))
    finally:
        del os.environ["TMPDIR"]
