"""`make demo` tells its story to the end, and says so when it comes out differently."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actas.errors import EngineError

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
SECONDS = 120


def tell(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demonstration."""
    return subprocess.run(
        [sys.executable, str(DEMO), *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    """Give the story as JSON."""
    told = tell("--json")
    assert told.returncode == 0, told.stdout + told.stderr
    document: dict[str, Any] = json.loads(told.stdout)
    return document


def test_every_step_comes_out_as_it_must(story: dict[str, Any]) -> None:
    """The service allows, denies and refuses as the story says."""
    assert story["as_expected"] is True
    assert [step["title"] for step in story["steps"] if not step["as_expected"]] == []
    assert {step["answer"] for step in story["steps"]} == {"ALLOW", "DENY", "NO DECISION", "DONE"}


def test_each_hop_has_less_than_the_one_before(story: dict[str, Any]) -> None:
    """Scope and lifetime only shrink, and the chain keeps everybody."""
    hops = [step["decision"] for step in story["steps"][:4]]
    lifetimes = [hop["limits"]["max_lifetime_seconds"] for hop in hops]

    assert lifetimes == sorted(lifetimes, reverse=True)
    for before, after in itertools.pairwise(hops):
        assert set(after["limits"]["scope"]) <= set(before["limits"]["scope"])
        assert after["act"]["act"] == before["act"]
        assert after["issue_claims"]["txn"] == hops[0]["decision_id"]


def test_a_revoked_agent_is_refused_until_it_is_restored(story: dict[str, Any]) -> None:
    """By commands at the running service, from the next exchange on."""
    titles = [step["title"] for step in story["steps"]]
    begin = titles.index("The investigation agent is revoked")
    revoked, refused, below, restored, goes_on = story["steps"][begin : begin + 5]

    assert "revoked agent investigator" in revoked["output"]
    assert [step["decision"]["denials"][0]["code"] for step in (refused, below)] == [
        "ACTOR_REVOKED",
        "CHAIN_MEMBER_REVOKED",
    ]
    assert "restored agent investigator" in restored["output"]
    assert goes_on["answer"] == "ALLOW"


def test_the_receipts_tell_the_story_again(story: dict[str, Any]) -> None:
    """Each hop of the tree is a decision of the story, with what was reported of it; and nothing was changed."""
    *_, tree, verified = story["steps"]
    drawn = "\n".join(tree["output"])

    for hop in story["steps"][:5]:
        assert hop["decision"]["decision_id"] in drawn
    assert "orders.read, 17 orders were read" in drawn
    assert "all is as it was written" in verified["output"][-1]


def test_a_person_reads_the_chain_and_one_sentence_of_result() -> None:
    """Without a terminal there is a line per step, the nested act, the tree, and the result."""
    told = tell()

    assert told.returncode == 0, told.stdout + told.stderr
    assert '"sub": "spiffe://example.org/service/orders-db"' in told.stdout
    assert "└── on-call at investigation" in told.stdout
    assert "steps came out as they must" in told.stdout.splitlines()[-1]


def test_a_step_that_comes_out_differently_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was expected and did not happen is named, an outage too."""
    monkeypatch.syspath_prepend(str(DEMO))
    from steps import ALLOW, Expected, Step

    from actas.request import ExchangeRequest

    failed = Step(1, "a step", ExchangeRequest("https://auth.example.com"), Expected(ALLOW), None, EngineError("gone"))

    assert failed.problems == ["answer is 'NO DECISION', not 'ALLOW'"]


def test_a_command_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it complained of; what it says on the side is none."""
    monkeypatch.syspath_prepend(str(DEMO.parent / "shared"))
    from operating import Ran

    assert Ran("actas receipts verify", 0, "", "without --against …").problems == []
    assert Ran("actas receipts verify", 1, "", "changed\n").problems == [
        "actas receipts verify: exit status 1: changed"
    ]
