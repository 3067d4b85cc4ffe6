"""Writes a decision as a document (contract.md, section 2)."""

from __future__ import annotations

from typing import Any

from actas import timestamps
from actas.decision import Decision, Effect, Limits


def decision_to_document(decision: Decision) -> dict[str, Any]:
    """Return *decision* as JSON-ready values, lifetimes in seconds and times in RFC 3339.

    `effect`, `denials`, `obligations`, `narrowed` and `notes` are always there, and `act` on every ALLOW,
    null for impersonation. Anything else that the decision does not have is left out.
    """
    document: dict[str, Any] = {"decision_id": decision.decision_id}
    if decision.request_id:
        document["request_id"] = decision.request_id
    document |= {"effect": decision.effect.value, "narrowed": decision.narrowed, "notes": list(decision.notes)}
    if decision.withheld_scope:
        document["withheld_scope"] = [{"scope": item.scope, "code": item.code} for item in decision.withheld_scope]
    if decision.error:
        document |= {"error": decision.error, "error_description": decision.error_description}
    document["denials"] = [
        {"code": denial.code, "rule": denial.rule, "reason": denial.reason} for denial in decision.denials
    ]
    document["obligations"] = [
        {"type": obligation.type, "id": obligation.id, "properties": dict(obligation.properties)}
        for obligation in decision.obligations
    ]
    if decision.limits is not None:
        document["limits"] = _limits(decision.limits)
    if decision.issue_claims is not None:
        document["issue_claims"] = {
            "decision_id": decision.issue_claims.decision_id,
            "txn": decision.issue_claims.txn,
        }
    if decision.effect is Effect.ALLOW:
        document["act"] = None if decision.act is None else dict(decision.act)
    document["policy"] = {
        "revision": decision.policy.revision,
        "bundle_digest": decision.policy.bundle_digest,
        "state_version": decision.policy.state_version,
    }
    document["evaluated_at"] = timestamps.render(decision.evaluated_at)
    document["valid_until"] = timestamps.render(decision.valid_until)
    if decision.disabled_rules:
        document["disabled_rules"] = list(decision.disabled_rules)
    return document


def _limits(limits: Limits) -> dict[str, Any]:
    document: dict[str, Any] = {
        "scope": list(limits.scope),
        "audience": list(limits.audience),
        "max_lifetime_seconds": limits.max_lifetime_seconds,
        "not_after": limits.not_after,
    }
    if limits.authorization_details:
        document["authorization_details"] = list(limits.authorization_details)
    document |= {"issued_token_type": limits.issued_token_type, "token_type": limits.token_type}
    if limits.cnf is not None:
        document["cnf"] = dict(limits.cnf)
    return document
