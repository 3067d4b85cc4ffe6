"""The act claim is flattened and extended without losing or rewriting a level (RFC 8693, section 4.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actas import delegation

EXAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "official_examples.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
CHAINS = [
    (example.get("act") or example["claims"]["act"], example)
    for example in EXAMPLES
    if "depth" in example and ("act" in example or "act" in example.get("claims", {}))
]
AGENT = {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/mail"}
PLANNER = {"iss": "spiffe://example.org", "sub": "spiffe://example.org/agent/planner"}


@pytest.mark.parametrize(("act", "example"), CHAINS, ids=[example["src"] for _, example in CHAINS])
def test_official_chains_have_their_actor_outermost(act: dict[str, Any], example: dict[str, Any]) -> None:
    """The specifications' own examples flatten to their actor, their prior actors and their depth."""
    levels = delegation.flatten(act)

    assert levels[0]["sub"] == example["actor"]
    assert len(levels) == example["depth"]
    assert [level["sub"] for level in levels[1:]] == example.get("prior", [level["sub"] for level in levels[1:]])


def test_other_members_of_a_level_mean_nothing() -> None:
    """exp, aud and unknown members inside act are ignored; client_id is kept."""
    act = {"sub": "a", "exp": 1, "aud": 7, "cnf": None, "client_id": "c", "act": {"sub": "b", "client_id": 7}}

    assert delegation.flatten(act) == ({"sub": "a", "client_id": "c"}, {"sub": "b"})


@pytest.mark.parametrize(
    "act",
    [None, "a", [], 7, {}, {"sub": ""}, {"sub": 7}, {"iss": "i"}, {"sub": "a", "iss": ""}, {"sub": "a", "iss": None}],
)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_a_malformed_level_is_refused_at_every_depth(act: Any, depth: int) -> None:
    """One bad level makes the chain malformed, however deep it lies; `act: null` is a bad level."""
    for _ in range(depth):
        act = {"sub": "x", "act": act}

    with pytest.raises(ValueError, match="level of act"):
        delegation.flatten(act)


def test_a_chain_of_100000_levels_is_flattened_without_recursion() -> None:
    """Depth costs time, not stack."""
    act: dict[str, Any] = {"sub": "oldest"}
    for _ in range(100_000):
        act = {"sub": "x", "act": act}

    assert delegation.flatten(act)[-1] == {"sub": "oldest"}


def test_the_first_actor_gets_one_level() -> None:
    """Without an inbound chain the claim is the actor, with iss and sub only."""
    assert delegation.nest({**AGENT, "exp": 5}, None) == AGENT


def test_the_inbound_chain_is_kept_whole_beneath_a_new_actor() -> None:
    """Inherited levels keep every member, and get none that they did not have."""
    inbound = {"sub": "old", "exp": 1, "x": [1], "act": {"sub": "older"}}

    assert delegation.nest(AGENT, inbound) == {**AGENT, "act": inbound}


def test_the_same_actor_adds_no_level() -> None:
    """A repeated actor keeps the chain as it is."""
    inbound = {**AGENT, "x": 1, "act": PLANNER}

    assert delegation.nest(AGENT, inbound) == inbound


def test_an_inherited_level_without_iss_belongs_to_the_tokens_issuer() -> None:
    """A bare name is compared with the subject token's issuer, and not given an iss."""
    inbound = {"sub": "bot"}

    assert delegation.nest({"iss": "https://a", "sub": "bot"}, inbound, issuer="https://a") == inbound
    assert delegation.nest({"iss": "https://b", "sub": "bot"}, inbound, issuer="https://a")["act"] == inbound


def test_a_bare_spiffe_id_belongs_to_its_trust_domain() -> None:
    """A SPIFFE ID carries its issuer, whoever issued the token; a malformed one does not."""
    assert delegation.party({"sub": AGENT["sub"]}, "https://a") == (AGENT["iss"], AGENT["sub"])
    assert delegation.party({"sub": "spiffe://TD/x"}, "https://a") == ("https://a", "spiffe://TD/x")


@pytest.mark.parametrize("actor", [{}, {"sub": "a"}, {"iss": "i"}, {"iss": "", "sub": "a"}, {"iss": "i", "sub": 7}])
def test_an_actor_needs_issuer_and_subject(actor: dict[str, Any]) -> None:
    """A new level without iss is never issued."""
    with pytest.raises(ValueError, match="pair of iss and sub"):
        delegation.nest(actor, None)


def test_a_malformed_inbound_chain_is_not_extended() -> None:
    """Nothing is issued on top of a chain that cannot be read."""
    with pytest.raises(ValueError, match="level of act"):
        delegation.nest(AGENT, {"sub": "a", "act": None})
