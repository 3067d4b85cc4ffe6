"""Activation: what serves is never a mixture, never a rejected revision, and never lost for a broken one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from actas.engine.sidecar import SidecarEngine
from actas.errors import EngineError, Problem
from actas.policy.activation import ActivationRecord, Activator
from actas.policy.bundle import CompiledPolicy
from actas.policy.handle import EngineHandle
from activation_support import compiled, write
from engine_support import opa

pytestmark = pytest.mark.asyncio

SETTINGS = "custom/actas/settings/data.yaml"


async def start_engine(policy: CompiledPolicy) -> SidecarEngine:
    """Start the engine that will serve, as the server does."""
    return await SidecarEngine.start(policy.path, revision=policy.revision, digest=policy.digest, opa=opa())


class Bench:
    """A policy root, an activator over it, and what its hooks saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "mine"
        self.failing_suites: list[Problem] = []
        self.records: list[ActivationRecord] = []
        self.handle = EngineHandle()
        self.activator = Activator(
            self.handle,
            compile_revision=lambda: compiled(folder, self.root),
            run_suites=self._run_suites,
            start_engine=start_engine,
            on_record=self.records.append,
        )
        self.settings("max_targets: 1")

    async def _run_suites(self, policy: CompiledPolicy) -> Sequence[Problem]:
        assert policy.path.exists()
        return self.failing_suites

    def settings(self, text: str) -> None:
        """Write the adopter's settings."""
        write(self.root, {SETTINGS: text + "\n"})

    async def decide(self) -> str:
        """Make one decision and give the revision that it came from, which must be its lease's."""
        async with self.handle.lease() as lease:
            result = await lease.engine.evaluate({"name": "a"}, timeout=10)
            assert result.revision == lease.policy.revision == lease.data.revision
            return result.revision

    def bundles(self) -> int:
        """How many bundle files are left."""
        return len(list(self.folder.glob("*.tar.gz")))


async def test_nothing_is_decided_before_the_first_activation(tmp_path: Path) -> None:
    """Without an active revision there is no decision, only an engine error."""
    with pytest.raises(EngineError):
        await Bench(tmp_path).decide()


async def test_a_good_revision_replaces_the_one_before(tmp_path: Path) -> None:
    """Start and change take the same way, and each leaves a record."""
    bench = Bench(tmp_path)
    first = await bench.activator.activate("start")
    served_first = await bench.decide()
    bench.settings("max_targets: 2")
    second = await bench.activator.activate("reload")
    served_second = await bench.decide()
    await bench.activator.close()

    assert (first.ok, first.changed, first.previous) == (True, True, "")
    assert (second.ok, second.changed, second.previous) == (True, True, first.revision)
    assert [served_first, served_second] == [first.revision, second.revision]
    assert second.weaker == ("max_targets is 2; the shipped settings say 1",)
    assert bench.records == [first, second]
    assert bench.bundles() == 0


async def test_the_same_content_again_changes_nothing(tmp_path: Path) -> None:
    """A reload of what already serves keeps the engine that serves it."""
    bench = Bench(tmp_path)
    await bench.activator.activate("start")
    engine = bench.handle.current
    again = await bench.activator.activate("reload")
    kept = bench.handle.current
    left = bench.bundles()
    await bench.activator.close()

    assert (again.ok, again.changed) == (True, False)
    assert kept is engine
    assert left == 1


@pytest.mark.parametrize("fault", ["settings", "suite"])
async def test_a_bad_revision_leaves_the_old_one_serving(tmp_path: Path, fault: str) -> None:
    """Wrong settings and a failing case both refuse the revision, and health says why."""
    bench = Bench(tmp_path)
    good = await bench.activator.activate("start")
    bench.settings("max_targets: none" if fault == "settings" else "max_targets: 2")
    if fault == "suite":
        bench.failing_suites = [Problem("case 'a read is allowed' failed", "cases/mail.yaml", 7)]
    bad = await bench.activator.activate("reload")
    served = await bench.decide()
    detail = bench.activator.detail
    bench.settings("max_targets: 1")
    bench.failing_suites = []
    healed = await bench.activator.activate("reload")
    await bench.activator.close()

    assert not bad.ok
    assert served == good.revision
    assert f"(reload) failed, revision {good.revision} still serves" in detail
    assert ("data.yaml:1" if fault == "settings" else "cases/mail.yaml:7") in detail
    assert healed.ok
    assert bench.activator.detail == ""
    assert bench.bundles() == 0


async def test_an_engine_that_does_not_start_leaves_the_old_one_serving(tmp_path: Path) -> None:
    """The new instance is up before the old one loses its place."""
    bench = Bench(tmp_path)
    good = await bench.activator.activate("start")

    async def fail(_policy: CompiledPolicy) -> SidecarEngine:
        raise EngineError("OPA did not come up")

    bench.settings("max_targets: 2")
    bench.activator._start_engine = fail
    bad = await bench.activator.activate("watch")
    served = await bench.decide()
    await bench.activator.close()

    assert [str(problem) for problem in bad.problems] == ["OPA did not come up"]
    assert served == good.revision


async def test_a_revision_in_use_is_drained_before_it_ends(tmp_path: Path) -> None:
    """A decision that began on the old revision ends on it, after the new one serves already."""
    bench = Bench(tmp_path)
    first = await bench.activator.activate("start")
    async with bench.handle.lease() as old:
        bench.settings("max_targets: 2")
        second = await bench.activator.activate("reload")
        during = await bench.decide()
        late = await old.engine.evaluate({"name": "a"}, timeout=10)
    await bench.activator.close()

    assert (during, late.revision) == (second.revision, first.revision)
    assert not old.policy.path.exists()


async def test_activations_under_load_lose_no_decision(tmp_path: Path) -> None:
    """Good, broken and failing revisions alternate under 16 callers: no failed call, nothing from a rejected one."""
    bench = Bench(tmp_path)
    await bench.activator.activate("start")
    served: set[str] = set()
    done = asyncio.Event()

    async def caller() -> int:
        calls = 0
        while not done.is_set():
            served.add(await bench.decide())
            calls += 1
        return calls

    callers = [asyncio.create_task(caller()) for _ in range(16)]
    for number in range(6):
        bench.failing_suites = [Problem("a case failed")] if number % 3 == 2 else []
        bench.settings("max_targets: x" if number % 3 == 1 else f"max_targets: {number + 2}")
        await bench.activator.activate("watch")
    done.set()
    calls = sum(await asyncio.gather(*callers))
    await bench.activator.close()

    assert [record.ok for record in bench.records] == [True, True, False, False, True, False, False]
    assert served <= {record.revision for record in bench.records if record.ok}
    assert calls > 100
