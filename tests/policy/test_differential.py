"""The two engines decide alike: every vector, suite and review case, and random inputs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from case_patches import nulled, patched
from differential import VARIANTS, differ, written

from actas.document import from_document
from actas.engine import EngineHealth, PolicyEngine, PolicyResult
from actas.errors import EngineError, ProtocolError
from actas.policy import runner
from actas.policy.bundle import compile_policy
from actas.policy.engines import Engines
from actas.policy.suite_gate import shipped_suites
from actas.policy.workbench import Workbench
from actas.ports import CheckingEngine
from engine_support import opa

pytestmark = pytest.mark.asyncio(loop_scope="module")

TESTS = Path(__file__).resolve().parents[1]
# The same inputs in every test run; the slow test draws more, and `make differential` 100,000.
SEED = 20_270_115
QUICK, SLOW = 400, 4_000


class Both:
    """Asks both engines, which must give the same answer or the same error."""

    def __init__(self, sidecar: PolicyEngine, embedded: PolicyEngine) -> None:
        """Take checking engines of one revision."""
        assert isinstance(sidecar, CheckingEngine)
        assert isinstance(embedded, CheckingEngine)
        self._engines: tuple[CheckingEngine, CheckingEngine] = sidecar, embedded
        self.revision, self.bundle_digest = sidecar.revision, sidecar.bundle_digest
        self.asked = 0
        self.differing: list[str] = []

    async def evaluate(self, policy_input: Mapping[str, Any], *, timeout: float) -> PolicyResult:
        """Answer over the revision's own data."""
        return await self.evaluate_with(policy_input, None, timeout=timeout)

    async def evaluate_with(
        self, policy_input: Mapping[str, Any], data: Mapping[str, Any] | None, *, timeout: float
    ) -> PolicyResult:
        """Answer as the sidecar does, and note where the embedded engine answers something else."""
        found: list[PolicyResult | EngineError] = []
        for engine in self._engines:
            try:
                found.append(await engine.evaluate_with(policy_input, data, timeout=timeout))
            except EngineError as error:
                found.append(error)
        self.asked += 1
        told = [written(each) if isinstance(each, PolicyResult) else each.reason for each in found]
        if told[0] != told[1]:
            self.differing.append(f"{json.dumps(policy_input)}: {told}")
        if isinstance(found[0], EngineError):
            raise found[0]
        return found[0]

    def health(self) -> EngineHealth:
        """As long as a test runs, both are there."""
        return EngineHealth(True)

    async def close(self) -> None:
        """Whoever opened them closes them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[Both]:
    """Both engines on the shipped policies."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = compile_policy([], opa=opa(), into=Path(folder), wasm=True)
        async with AsyncExitStack() as stack:
            kinds = [Engines("sidecar", opa()), Engines("wasm", opa())]
            yield Both(*[await stack.enter_async_context(engines.checking(compiled)) for engines in kinds])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(both: Both) -> AsyncIterator[Workbench]:
    """A workbench that asks both."""
    with tempfile.TemporaryDirectory() as folder:
        yield Workbench(compile_policy([], opa=opa(), into=Path(folder)), both, opa())


async def test_every_shipped_case_is_decided_alike(both: Both, bench: Workbench) -> None:
    """Each case over its own data, with every member of the answer compared."""
    before = both.asked
    results = await runner.run(shipped_suites(), bench)

    assert both.differing == []
    assert both.asked - before == sum(len(suite.cases) for suite in results) > 600


async def test_every_vector_and_review_case_is_decided_alike(both: Both, bench: Workbench) -> None:
    """All that the contract and a strict reader of it expected."""
    vectors = [json.loads(line) for line in (TESTS / "vectors" / "exchange.jsonl").read_text("utf-8").splitlines()]
    changes = [json.loads(line) for line in (TESTS / "cases" / "review.jsonl").read_text("utf-8").splitlines()]
    base = vectors[0]
    for change in changes:
        request = nulled(patched(base["request"], change["request"]))
        data = nulled(patched(base["data"], change.get("data", {})))
        vectors.append({"request": request, "data": data, "now": change["now"]})
    before = both.asked
    for case in vectors:
        try:
            await bench.decide(from_document(case["request"]), now=case["now"], data=case["data"])
        except ProtocolError:
            continue

    assert both.differing == []
    assert both.asked - before > 1000


@pytest.mark.parametrize("variant", range(len(VARIANTS)))
async def test_random_requests_are_decided_alike(variant: int) -> None:
    """Requests with members changed, removed and nested, under settings that lead to other conclusions."""
    comparison = await differ(QUICK, SEED + variant, VARIANTS[variant])

    assert comparison.findings == []
    assert comparison.outcomes["ALLOW"] > QUICK // 5
    assert comparison.outcomes["DENY"] > QUICK // 3
    assert comparison.outcomes.total() == QUICK


async def test_ill_typed_inputs_are_never_allowed_where_opa_fails() -> None:
    """Facts that no request gives make built-ins fail, and the embedded engine is no laxer about that."""
    comparison = await differ(QUICK, SEED, {}, ill_typed=True)

    assert comparison.findings == []
    assert comparison.outcomes["both ENGINE_FAILED"] > 0
    assert comparison.outcomes.total() == QUICK


@pytest.mark.slow
@pytest.mark.parametrize("variant", range(len(VARIANTS)))
async def test_many_random_requests_are_decided_alike(variant: int) -> None:
    """The same for many more."""
    comparison = await differ(SLOW, SEED + 100 + variant, VARIANTS[variant])

    assert comparison.findings == []
    assert comparison.outcomes.total() == SLOW
