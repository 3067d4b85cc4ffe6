"""What holds for the SPIFFE IDs and the SVIDs of one request: the declared workload's and the actor token's.

Each fact is about every one of them, so that a policy asks once.
"""

from __future__ import annotations

from typing import Any

from actas import claims_grammar, spiffe, token_form
from actas.proof import Problem
from actas.request import ActorWorkload, Token
from actas.spiffe import SpiffeId

# Which fact a problem of evidence that was examined here is against.
_BROKEN = frozenset(
    {
        Problem.MALFORMED,
        Problem.ALGORITHM,
        Problem.KEY_UNKNOWN,
        Problem.SIGNATURE,
        Problem.EXPIRED,
        Problem.AUDIENCE,
    }
)
_FOREIGN = frozenset({Problem.KEY_UNKNOWN, Problem.SIGNATURE})
_UNKNOWN = frozenset({Problem.TRUST_DOMAIN_UNKNOWN, Problem.BUNDLE_UNAVAILABLE})
_STALE = frozenset({Problem.BUNDLE_STALE, Problem.BUNDLE_UNAVAILABLE})


def of(actor_token: Token | None, workload: ActorWorkload | None) -> dict[str, Any]:
    """Give the facts; where there is no SVID and no workload, nothing is wrong with any."""
    presented = actor_token if actor_token is not None and token_form.is_svid(actor_token) else None
    claims = None if presented is None else claims_grammar.readable(presented.claims)
    named = [] if presented is None else [spiffe.parse((claims or {}).get("sub"))]
    named += [] if workload is None else [spiffe.parse(workload.spiffe_id)]
    problems = _problems(presented, workload)
    form = presented is None or (claims is not None and token_form.is_well_formed_svid(presented, claims))
    return {
        "ids_valid": None not in named,
        "workloads_named": all(map(_is_workload, named)),
        "genuine": form and not problems & _BROKEN,
        "bundle_known": not problems & _UNKNOWN,
        "own_keys": not problems & _FOREIGN,
        "bundle_fresh": not problems & _STALE,
        "identity_shown": Problem.IDENTITY not in problems,
        "possession_shown": Problem.POSSESSION not in problems,
    }


def _is_workload(named: SpiffeId | None) -> bool:
    # What is no SPIFFE ID at all has a fact of its own.
    return named is None or named.is_workload


def _problems(presented: Token | None, workload: ActorWorkload | None) -> set[Problem]:
    proofs = [part.proof for part in (presented, workload) if part is not None]
    return {proof.problem for proof in proofs if proof is not None and proof.problem is not None}
