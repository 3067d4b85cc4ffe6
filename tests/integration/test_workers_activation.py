"""A change of policies with several workers: all of them change, or none."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

import pytest

from service_support import REGISTRY, adopter_root, until
from test_workers_restart import _runtime, load
from worker_support import Workers, message, told, workers

ALLOW = 1


def change(root: Path, seconds: int) -> None:
    """Write another revision."""
    (root / "custom/actas/settings/data.yaml").write_text(f"max_lifetime_seconds: {seconds}\n", encoding="utf-8")


async def revisions(running: Workers) -> list[str]:
    """Ask every worker which revision it decides by."""
    async with running.stubs() as stubs:
        return [(await told(stub, message()))[0].policy.revision for stub in stubs.values()]


@pytest.mark.parametrize("trigger", ["sighup", "watch"])
async def test_all_workers_change_to_a_good_revision_and_none_to_a_bad_one(tmp_path: Path, trigger: str) -> None:
    """Under load no call fails; a worker that is started later serves what all serve."""
    root = adopter_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": root, "watch": str(trigger == "watch").lower()}) as running:
        first = (await running.running.event("serving"))["revision"]

        async def changed() -> None:
            if trigger == "sighup":
                running.running.process.send_signal(signal.SIGHUP)

        async with load(running, 4) as made:
            change(root, 800)
            await changed()
            second = (await running.running.event("policy_activated", count=2, seconds=90))["revision"]
            assert await revisions(running) == [second] * 2
            after = len(made)
            await until(lambda: len(made) > after + 20, 60)
            assert set(made[after + 8 :]) == {second}
            assert set(made) == {first, second}

        (root / "custom/actas/registry/data.yaml").write_text(f"{REGISTRY}nonsense: 1\n")
        await changed()
        await running.running.event("policy_activation_failed", seconds=60)
        assert await revisions(running) == [second] * 2
        status, ready = running.running.ready(running.port)
        assert (status, ready["revision"]) == (200, second)
        assert "nonsense" in ready["activation"]
        running.process(1).kill()
        await until(lambda: running.serving() == 1, 30)
        await until(lambda: running.serving() == 2, 30)
        assert await revisions(running) == [second] * 2


async def test_if_one_worker_cannot_load_a_revision_none_serves_it(tmp_path: Path) -> None:
    """Why is said in the log and at /ready; the next activation, when nothing is in its way, serves it."""
    root = adopter_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": root}) as running:
        first = (await running.running.event("serving"))["revision"]
        own = next(_runtime(running).glob("worker-1-*/"))
        shutil.move(own, own.with_suffix(".away"))
        change(root, 700)
        running.running.process.send_signal(signal.SIGHUP)
        failed = await running.running.event("policy_activation_failed", seconds=60)
        assert "the revision's bundle cannot be had" in failed["problems"][0]
        assert await revisions(running) == [first] * 2
        assert "bundle cannot be had" in running.running.ready(running.port)[1]["activation"]
        shutil.move(own.with_suffix(".away"), own)
        running.running.process.send_signal(signal.SIGHUP)
        second = (await running.running.event("policy_activated", count=2, seconds=60))["revision"]
        assert second != first
        assert await revisions(running) == [second] * 2
        assert "activation" not in running.running.ready(running.port)[1]


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "while it is loaded"])
async def test_a_worker_that_hangs_delays_an_activation_and_does_not_split_it(tmp_path: Path, moment: str) -> None:
    """It is killed, its successor serves the new revision, and nobody serves another one."""
    root = adopter_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": root}) as running:
        hanging = running.process(1)
        packages = _runtime(running) / "revisions"
        before = set(packages.glob("*.package"))
        change(root, 600)
        running.running.process.send_signal(signal.SIGHUP)
        if moment == "while it is loaded":
            async with asyncio.timeout(90):
                while set(packages.glob("*.package")) == before:
                    await asyncio.sleep(0.002)
        hanging.suspend()
        activated = await running.running.event("policy_activated", count=2, seconds=150)
        await until(lambda: not hanging.is_running(), 30)
        await until(lambda: running.serving() == 2, 60)
        assert await revisions(running) == [activated["revision"]] * 2
        killed = await running.running.event("worker_killed")
        assert killed["worker"] == 1


@pytest.mark.slow
async def test_with_one_worker_gone_the_others_change(tmp_path: Path) -> None:
    """Whoever is started meanwhile serves the new revision, too."""
    root = adopter_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": root}) as running:
        for seconds in (500, 501, 502):
            change(root, seconds)
            running.running.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.4)
            running.process(0).kill()
            count = seconds - 498
            activated = await running.running.event("policy_activated", count=count, seconds=90)
            await until(lambda: running.serving() == 2, 60)
            assert await revisions(running) == [activated["revision"]] * 2


@pytest.mark.slow
async def test_when_no_worker_comes_up_with_a_revision_another_one_can_be_activated(tmp_path: Path) -> None:
    """Nothing serves meanwhile, and `/ready` says so."""
    root = adopter_root(tmp_path / "policies")
    async with workers(tmp_path, {"policies": root}) as running:
        for package in (_runtime(running) / "revisions").glob("*.package"):
            package.unlink()
        for number in range(2):
            running.process(number).kill()
        await until(lambda: running.running.ready(running.port)[0] == 503, 30)
        await running.running.event("worker_ended", count=4, seconds=60)
        change(root, 400)
        running.running.process.send_signal(signal.SIGHUP)
        activated = await running.running.event("policy_activated", count=2, seconds=150)
        await until(lambda: running.serving() == 2, 90)
        assert await revisions(running) == [activated["revision"]] * 2
