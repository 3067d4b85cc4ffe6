"""What a strict reader of the contract expected of variations of the first vector, through the whole way on real OPA.

Each line of review.jsonl changes the first vector by RFC 7386 merge patches of `request` and `data`; in them the
text `$null` stands for a null that stays, and a member `$replace` for an object that starts empty.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from case_patches import nulled, patched

from actas.decision_document import decision_to_document
from actas.document import from_document
from actas.policy.workbench import Workbench

pytestmark = pytest.mark.asyncio(loop_scope="module")

TESTS = Path(__file__).resolve().parents[1]
VECTORS = TESTS / "vectors" / "exchange.jsonl"
CASES = [json.loads(line) for line in (TESTS / "cases" / "review.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Workbench]:
    """The shipped policies on one checking engine for all cases."""
    async with Workbench.open([]) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['name']}" for case in CASES])
async def test_a_variation_is_decided_as_the_contract_says(bench: Workbench, case: dict[str, Any]) -> None:
    """Denied with the codes of the case and none of an earlier group, or allowed with exactly its limits."""
    with VECTORS.open(encoding="utf-8") as vectors:
        first = json.loads(vectors.readline())
    request = nulled(patched(first["request"], case["request"]))
    data = nulled(patched(first["data"], case.get("data", {})))

    decision = await bench.decide(from_document(request), now=case["now"], data=data)

    answer, expected = decision_to_document(decision), case["expect"]
    codes = [denial["code"] for denial in answer["denials"]]
    assert answer["effect"] == expected["effect"], codes
    if expected["effect"] == "DENY":
        earliest = min(bench.code_groups[code] for code in expected["codes"])
        assert set(expected["codes"]) <= set(codes)
        assert {bench.code_groups[code] for code in codes} == {earliest}
        assert answer["error"] == expected["error"]
        offered = [obligation["type"] for obligation in answer["obligations"]]
        assert offered == ([expected["obligation_type"]] if expected["obligation_type"] else [])
        assert not offered or expected.get("obligation", {}).items() <= answer["obligations"][0]["properties"].items()
        return
    limits = answer["limits"]
    assert limits["max_lifetime_seconds"] == expected["limits"]["max_lifetime_seconds"]
    for name in ("scope", "audience"):
        assert sorted(limits[name]) == sorted(expected["limits"][name])
    assert (sorted(answer["notes"]), answer["narrowed"]) == (sorted(expected["notes"]), bool(expected["notes"]))
    assert answer.get("act") == nulled(expected["act"])
    assert limits["token_type"] == expected["token_type"]
    if "cnf" in expected:
        assert limits["cnf"] == expected["cnf"]
    if "authorization_details" in expected["limits"]:
        assert limits["authorization_details"] == expected["limits"]["authorization_details"]
    if "withheld" in expected:
        assert {withheld["scope"]: withheld["code"] for withheld in answer["withheld_scope"]} == expected["withheld"]
