"""A short run of the fuzzer with every test run, and what the fuzzer would have to see if something broke."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from harness import Harness
from judge import missing
from mutations import ALLOWED, Mutant
from run import fuzz

INPUTS = 1_500
# The same inputs in every test run; `make fuzz` draws new ones.
SEED = 20_270_115


def test_random_and_mutated_inputs_do_no_harm() -> None:
    """No crash, no hang, no widened token, no allow without what an allow needs."""
    given, harness = fuzz(INPUTS, number=SEED)

    assert list(harness.findings) == []
    assert given >= INPUTS * 0.9
    # A fuzzer whose inputs are all refused at the door would prove nothing.
    assert harness.outcomes["ALLOW"] >= 20
    assert harness.outcomes["DENY"] >= 100
    assert harness.outcomes["refused"] >= 100
    assert harness.outcomes["message"] >= 10


REQUIRED = [
    "authorization_server",
    "grant_type",
    "client",
    "client.client_id",
    "client.authenticated",
    "subject_token",
    "subject_token.token_type",
    "subject_token.verified",
    "subject_token.header",
    "subject_token.header.alg",
    "subject_token.claims",
    "subject_token.claims.iss",
    "subject_token.claims.sub",
    "subject_token.claims.aud",
    "subject_token.claims.exp",
    "subject_token.claims.may_act",
    "subject_token.claims.may_act.sub",
    "actor_token",
    "actor_token.token_type",
    "actor_token.verified",
    "actor_token.header",
    "actor_token.header.alg",
    "actor_token.kind",
    "actor_token.bundle_trust_domain",
    "actor_token.claims",
    "actor_token.claims.sub",
    "actor_token.claims.aud",
    "actor_token.claims.exp",
    "resource",
]
WRONG: list[Any] = [None, False, 0, -1, "", "x", [], [None], {}, {"sub": ""}]


async def _without(folder: Path) -> tuple[dict[str, None], list[str]]:
    harmful = []
    async with Harness.open(folder) as harness:
        base: dict[str, Any] = ALLOWED[0]
        await harness.exchanges([Mutant(base, json.dumps(base).encode(), ambiguous=False)])
        assert harness.outcomes["ALLOW"] == 1
        for path in REQUIRED:
            *above, name = path.split(".")
            for value in ["missing", *WRONG]:
                if (path, value) == ("subject_token.claims.sub", "x"):
                    continue  # another user
                tree = copy.deepcopy(base)
                parent = tree
                for step in above:
                    parent = parent[step]
                del parent[name]
                if value != "missing":
                    parent[name] = value
                await harness.exchanges([Mutant(tree, json.dumps(tree).encode(), ambiguous=False)])
                if harness.outcomes["ALLOW"] != 1:
                    harmful.append(f"{path} {value!r}")
                    harness.outcomes["ALLOW"] = 1
        return harness.findings, harmful


def test_nothing_is_allowed_without_any_one_required_fact(tmp_path: Path) -> None:
    """Each fact that an allow rests on, left out or replaced by each thing that it is not: never an allow."""
    findings, harmful = asyncio.run(_without(tmp_path))

    assert harmful == []
    assert list(findings) == []


@pytest.mark.parametrize("path", ["subject_token.verified", "client.authenticated", "subject_token.claims.exp"])
def test_the_judge_misses_what_is_missing(path: str) -> None:
    """The judge itself sees an allow without a fact; otherwise the fuzzer would be blind."""
    tree: dict[str, Any] = copy.deepcopy(ALLOWED[0])
    assert missing(tree) == []
    *above, name = path.split(".")
    parent = tree
    for step in above:
        parent = parent[step]
    del parent[name]

    assert missing(tree) == [path]
