"""The policy input: the exchange request, the time, the state, and the facts.

This is the whole of what a policy can see. Raw tokens and signed evidence never enter it.
"""

from __future__ import annotations

from typing import Any, Protocol

from actas import facts
from actas.request import Approval, Consent, ExchangeRequest, Token
from actas.usage import NO_USAGE, Usage


class RevocationView(Protocol):
    """The part of the revocation state that one request touches."""

    @property
    def freshness(self) -> str:
        """`fresh` or `stale`; anything else is treated as stale by policy."""

    @property
    def version(self) -> str:
        """Names the state, for the decision's `policy.state_version`."""

    @property
    def revocations(self) -> list[dict[str, Any]]:
        """The entries that may match the request (contract.md, section 3)."""


def build(request: ExchangeRequest, *, now: int, state: RevocationView, usage: Usage = NO_USAGE) -> dict[str, Any]:
    """Build the input for one decision; *now* is in seconds since the epoch.

    Members are named as in the exchange document. A member that the caller left out is left out here too,
    so that a proof that needs it stays undefined and denies.
    """
    client = request.client
    document: dict[str, Any] = {
        "now": now,
        "state": {"freshness": state.freshness, "revocations": state.revocations, "version": state.version}
        | usage.members(),
        "facts": facts.of(request),
        "authorization_server": request.authorization_server,
        "grant_type": request.grant_type,
        "client": {
            "client_id": client.client_id,
            "authenticated": client.authenticated,
            "confidential": client.confidential,
            "auth_method": client.auth_method,
            "proof_jkt": client.proof_jkt,
            "display_name": client.display_name,
            "tenant": client.tenant,
        },
        "requested_token_type": request.requested_token_type,
        "resource": list(request.resource),
        "audience": list(request.audience),
        "scope": request.scope,
        "approvals": [_approval(approval) for approval in request.approvals],
        "consents": [_consent(consent) for consent in request.consents],
        "context": {
            "purpose": request.context.purpose,
            "task_id": request.context.task_id,
            "ip": request.context.ip,
            "request_path": list(request.context.request_path),
        },
        "duplicate_parameters": list(request.duplicate_parameters),
    }
    if request.subject_token is not None:
        document["subject_token"] = _token(request.subject_token)
    if request.actor_token is not None:
        document["actor_token"] = _token(request.actor_token)
    if request.actor_workload is not None:
        document["actor_workload"] = {"spiffe_id": request.actor_workload.spiffe_id}
    if request.authorization_details is not None and request.authorization_details.well_formed:
        document["authorization_details"] = request.authorization_details.value
    if facts.is_lifetime(request.requested_lifetime):
        document["requested_lifetime"] = request.requested_lifetime
    if request.code is not None:
        document["code"] = {
            "sub": request.code.sub,
            "client_id": request.code.client_id,
            "requested_actor": request.code.requested_actor,
            "stage": request.code.stage,
        }
    return document


def _token(token: Token) -> dict[str, Any]:
    document: dict[str, Any] = {
        "token_type": token.token_type,
        "credential_class": token.credential_class,
        "verified": token.verified,
        "kind": token.kind,
        "bundle_trust_domain": token.bundle_trust_domain,
        "pop_jkt": token.pop_jkt,
    }
    if token.header is not None:
        document["header"] = token.header
    # Claims that break the grammar are not shown: a policy must not read half of them.
    if token.claims is not None and token.claims.well_formed and isinstance(token.claims.value, dict):
        document["claims"] = token.claims.value
    return document


def _approval(approval: Approval) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": approval.id,
        "verified": approval.verified,
        "status": approval.status,
        "subject": approval.subject,
        "actor": approval.actor,
        "client_id": approval.client_id,
        "target": approval.target,
        "scope": approval.scope,
        "approver": approval.approver,
    }
    if approval.approved_until is not None:
        document["approved_until"] = approval.approved_until
    if approval.authorization_details is not None and approval.authorization_details.well_formed:
        document["authorization_details"] = approval.authorization_details.value
    return document


def _consent(consent: Consent) -> dict[str, Any]:
    document: dict[str, Any] = {
        "verified": consent.verified,
        "iss": consent.iss,
        "sub": consent.sub,
        "client_id": consent.client_id,
        "actor": consent.actor,
        "scope": consent.scope,
        "authorization_server": consent.authorization_server,
    }
    if consent.until is not None:
        document["until"] = consent.until
    return document
