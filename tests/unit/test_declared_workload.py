"""The ceiling on a client that acts without a token and declares a workload, whatever policy says."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from decider_parts import Service
from right_exchange import AGENT, AS, MAIL, REGISTRY, SETTINGS, allow, request

from actas.decision import Effect
from actas.policy.data import PolicyData
from actas.request import ActorWorkload

CLIENT = {"iss": AS, "sub": "agent-mail"}
OTHER = "spiffe://example.org/agent/other"
BOTH = [{"spiffe_id": AGENT}, {"iss": AS, "client_id": "agent-mail"}]


def effect(declared: str | None, **agents: list[Any]) -> Effect:
    """Decide for the client alone, with *agents* by their identities; policy allows in any case."""
    registry = {
        **REGISTRY,
        "agents": {name: {"identities": identities} for name, identities in agents.items()},
        "clients": {"agent-mail": {"scopes": ["mail.read"], "targets": [MAIL]}},
    }
    data = PolicyData.merge(SETTINGS, {}, registry).with_revision("r1")
    # All else of the answer is right, so that only the workload can make it a deny.
    own = next((name for name, identities in agents.items() if BOTH[1] in identities), "")
    answer = {**allow(), "act": CLIENT, "actor": CLIENT, "actor_agent": own}
    workload = None if declared is None else ActorWorkload(declared)
    asked = dataclasses.replace(request(may_act={"sub": "agent-mail"}), actor_token=None, actor_workload=workload)
    return Service(answer, data=data).decide(asked).effect


def test_a_client_may_declare_the_workload_of_the_agent_that_it_is() -> None:
    """It is another name of the same agent, and adds nothing to declaring none."""
    assert effect(None, mailer=BOTH) is Effect.ALLOW
    assert effect(AGENT, mailer=BOTH) is Effect.ALLOW


@pytest.mark.parametrize(
    ("declared", "agents"),
    [
        (OTHER, {"mailer": BOTH}),
        (OTHER, {"mailer": BOTH, "other": [{"spiffe_id": OTHER}]}),
        (AGENT, {"mailer": BOTH[:1]}),
        (AGENT, {"mailer": BOTH[1:]}),
        (AGENT, {"mailer": BOTH[1:], "other": BOTH[:1]}),
        (AGENT, {"mailer": [BOTH[0], {"iss": "https://idp.example.com", "client_id": "agent-mail"}]}),
        (AGENT, {}),
        ("", {"mailer": BOTH}),
        ("spiffe://", {"mailer": BOTH}),
        ("agent-mail", {"mailer": BOTH}),
    ],
)
def test_a_client_is_no_other_workload(declared: str, agents: dict[str, list[Any]]) -> None:
    """A SPIFFE ID alone proves nobody."""
    assert effect(declared, **agents) is Effect.DENY
