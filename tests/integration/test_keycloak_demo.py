"""`make demo-keycloak` tells its story to the end at a real Keycloak, and leaves nothing behind."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "keycloak" / "demo"
# The first run fetches Keycloak and builds it.
SECONDS = 900

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="Keycloak and its provider need java and mvn"),
]


@pytest.fixture(scope="module")
def story() -> dict[str, Any]:
    """The story as JSON."""
    command = [sys.executable, str(DEMO), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    document: dict[str, Any] = json.loads(told.stdout)
    return document


def exchanges(story: dict[str, Any], answer: str) -> Iterator[dict[str, Any]]:
    """The exchanges that were answered so."""
    return (step for step in story["steps"] if step["answer"] == answer and "decision_id" in step)


def test_every_step_comes_out_as_it_must(story: dict[str, Any]) -> None:
    """Keycloak issues, refuses, and refuses for want of a decision, as the story says."""
    assert story["as_expected"] is True
    assert [step["title"] for step in story["steps"] if step["problems"]] == []
    assert {step["answer"] for step in story["steps"]} == {"allow", "deny", "no decision", "done"}


def test_each_hop_has_less_than_the_one_before(story: dict[str, Any]) -> None:
    """Scope and lifetime only shrink, and the chain keeps everybody."""
    hops = list(itertools.islice(exchanges(story, "allow"), 3))

    assert [hop["chain"][-1] for hop in hops] == ["on-call", "investigator", "mcp-gateway"]
    for hop, most in zip(hops, (300, 120, 60), strict=True):
        assert most - 5 <= hop["lifetime"] <= most
    for before, after in itertools.pairwise(hops):
        assert set(after["scope"]) <= set(before["scope"])
        assert after["act"]["act"] == before["act"]


def test_the_story_refuses_for_each_reason(story: dict[str, Any]) -> None:
    """Each refusal has the reason that its chapter is about, and an outage has none."""
    codes = {step["codes"][0] for step in exchanges(story, "deny")}

    assert codes == {
        "DELEGATION_DEPTH_EXCEEDED",
        "MAY_ACT_MISMATCH",
        "SUBJECT_NOT_FOR_PRESENTER",
        "ACR_INSUFFICIENT",
        "APPROVAL_REQUIRED",
        "APPROVAL_MISMATCH",
        "APPROVAL_REVOKED",
        "ACTOR_REVOKED",
        "CHAIN_MEMBER_REVOKED",
    }
    (outage,) = exchanges(story, "no decision")
    assert (outage["status"], outage["error"], outage["codes"]) == (403, "access_denied", [])


def test_no_token_is_shown(story: dict[str, Any]) -> None:
    """Nothing that begins like a JWT is in the document."""
    assert "eyJ" not in json.dumps(story)


def name(process: psutil.Process) -> str:
    """Give a process's name; none where it ended meanwhile, as the shells that start Keycloak do."""
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def test_ctrl_c_leaves_nothing_running() -> None:
    """Interrupted while Keycloak starts, twice as impatient people do, it ends all that it has started."""
    with subprocess.Popen(
        [sys.executable, str(DEMO)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as told:
        assert told.stderr is not None
        said = next(line for line in told.stderr if line.startswith("Starting Keycloak"))
        started: list[psutil.Process] = []
        end = time.monotonic() + 30
        while "java" not in map(name, started) and time.monotonic() < end:
            time.sleep(0.1)
            started = psutil.Process(told.pid).children(recursive=True)
        keycloak = list(map(name, started))
        told.send_signal(signal.SIGINT)
        told.send_signal(signal.SIGINT)
        out, error = told.communicate(timeout=60)

    assert said
    assert "java" in keycloak
    assert told.returncode == 1, error
    assert error.endswith("nothing is left running\n"), error
    assert out == ""
    assert [child for child in started if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
