"""What the policy's answer becomes: the decision that leaves, and what its record says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actas import claims_grammar, descriptions
from actas.decision import Decision, Effect, IssueClaims, Limits, PolicyRef
from actas.engine import PolicyResult
from actas.errors import ProtocolError
from actas.ports import RevisionData
from actas.request import ExchangeRequest

# contract.md, section 2: a decision is issued on at once, or not at all.
ISSUE_WITHIN_SECONDS = 5.0
_NO_CLAIMS: Mapping[str, Any] = {}


def decision(
    request: ExchangeRequest, result: PolicyResult, *, at: float, decision_id: str, policy: PolicyRef
) -> Decision:
    """Put the decision on *request* together; *at* is in seconds since the epoch."""
    limits = result.limits
    if result.effect is not Effect.ALLOW or limits is None:
        return Decision(
            decision_id=decision_id,
            request_id=request.request_id,
            effect=Effect.DENY,
            policy=policy,
            evaluated_at=at,
            valid_until=at + ISSUE_WITHIN_SECONDS,
            error=result.error,
            error_description=descriptions.of(result.denials[0].code, result.error),
            denials=result.denials,
            obligations=result.obligations,
            disabled_rules=result.disabled_rules,
        )
    not_after = int(at) + limits.max_lifetime_seconds
    return Decision(
        decision_id=decision_id,
        request_id=request.request_id,
        effect=Effect.ALLOW,
        policy=policy,
        evaluated_at=at,
        valid_until=min(at + ISSUE_WITHIN_SECONDS, float(not_after)),
        narrowed=bool(result.notes),
        notes=result.notes,
        withheld_scope=result.withheld_scope,
        limits=Limits(
            scope=limits.scope,
            audience=limits.audience,
            max_lifetime_seconds=limits.max_lifetime_seconds,
            not_after=not_after,
            issued_token_type=limits.issued_token_type,
            token_type=limits.token_type,
            authorization_details=limits.authorization_details,
            cnf=limits.cnf,
        ),
        issue_claims=IssueClaims(decision_id, _root(request, decision_id)),
        act=result.act,
        disabled_rules=result.disabled_rules,
    )


def agent_version(data: RevisionData, agent_id: str) -> str:
    """Give the version of the agent that acts, empty where none is registered."""
    agent = data.registry.get("agents", {}).get(agent_id) if agent_id else None
    version = agent.get("version") if isinstance(agent, dict) else None
    return version if isinstance(version, str) else ""


def check_parent(request: ExchangeRequest) -> None:
    """Refuse a parent that the token itself does not name: a made-up link would forge the record of the chain."""
    claims = _subject_claims(request)
    if request.parent_decision_id and claims is not None and claims.get("decision_id") != request.parent_decision_id:
        raise ProtocolError(
            "parent_decision_id", "differs from the subject token's decision_id claim", reason="PARENT_CONTRADICTED"
        )


def _root(request: ExchangeRequest, decision_id: str) -> str:
    """Give the id of the chain's first decision: a token continues a chain when it names its decision and the root."""
    claims = _subject_claims(request) or _NO_CLAIMS
    txn = claims.get("txn")
    return (
        str(txn) if claims_grammar.is_name(txn) and claims_grammar.is_name(claims.get("decision_id")) else decision_id
    )


def _subject_claims(request: ExchangeRequest) -> Mapping[str, Any] | None:
    token = request.subject_token
    return None if token is None else claims_grammar.readable(token.claims)
