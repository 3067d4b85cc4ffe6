"""The record of one decision: the fields of contract.md, section 7, and the decision log that writes it.

A record never holds a token, an assertion, or a whole set of claims: a token is named by its `jti`, or by a
digest where it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from actas import delegation
from actas.decision import Decision
from actas.errors import ReceiptError
from actas.receipts.digest import request_digest
from actas.request import ExchangeRequest, Token

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One decision with the request that led to it, reduced to what may be kept.

    `document` has the members of contract.md, section 7; absent things are left out. Times are seconds
    since the epoch, lifetimes seconds.
    """

    decision_id: str
    document: Mapping[str, Any]


class Recorder(Protocol):
    """Where records go. `record` returns when the record is as durable as the recorder promises."""

    async def record(self, record: Record) -> None:
        """Keep *record*.

        Raises:
            ReceiptError: it could not be kept, so the decision may not leave the service.

        """


class LogRecorder:
    """The decision log: one structured line per decision, at level `info`, event `decision`."""

    def __init__(self, logger: structlog.typing.FilteringBoundLogger | None = None) -> None:
        """Write to *logger*, by default to the service's own log."""
        self._logger = logger or structlog.get_logger("actas.decision")

    async def record(self, record: Record) -> None:
        """Write *record* as one line."""
        try:
            self._logger.info("decision", **record.document)
        except OSError as error:
            raise ReceiptError(f"the decision log cannot be written: {error.strerror}") from None


def build(
    request: ExchangeRequest,
    decision: Decision,
    *,
    sent: ExchangeRequest | None = None,
    caller: str = "",
    actor: Mapping[str, str] | None = None,
    actor_agent: str = "",
    actor_version: str = "",
) -> Record:
    """Build the record of *decision* on *request*, which the caller *sent* so, or with less that was verified.

    *actor* is the current actor (`iss`, `sub`) as the policy resolved it, *actor_agent* and *actor_version* its
    entry in the registry; *caller* is the configured name of the caller that asked.
    """
    document: Document = {
        "decision_id": decision.decision_id,
        "root_decision_id": _root(request, decision),
        "parent_decision_id": _parent(request),
        "request_id": decision.request_id,
        "evaluated_at": decision.evaluated_at,
        "valid_until": decision.valid_until,
        "effect": decision.effect.value,
        "codes": [denial.code for denial in decision.denials],
        "rules": list(dict.fromkeys(denial.rule for denial in decision.denials)),
        "error": decision.error,
        "obligations": [obligation.type for obligation in decision.obligations],
        "notes": list(decision.notes),
        "authorization_server": request.authorization_server,
        "grant_type": request.grant_type,
        "client": _filled(client_id=request.client.client_id, tenant=request.client.tenant),
        "subject": _party(request.subject_token),
        "actor": _actor(request, actor, actor_agent, actor_version),
        "chain": _chain(request, decision),
        "source_token": _source(request.subject_token),
        "requested_token_type": request.requested_token_type,
        "target": [*request.resource, *request.audience],
        "requested_scope": request.scope,
        "requested_lifetime_seconds": _seconds(request.requested_lifetime),
        "issued": _issued(decision),
        "approval_ids": [approval.id for approval in request.approvals if approval.id],
        "request_path": list(request.context.request_path),
        "purpose": request.context.purpose,
        "task_id": request.context.task_id,
        "policy_revision": decision.policy.revision,
        "bundle_digest": decision.policy.bundle_digest,
        "state_version": decision.policy.state_version,
        "disabled_rules": list(decision.disabled_rules),
        "request_digest": request_digest(sent or request),
        "evidence": _evidence(request),
        "evidence_problems": _problems(request),
        "caller": caller,
    }
    # Zero is a value; nothing, and what is empty, is left out.
    return Record(decision.decision_id, {name: value for name, value in document.items() if value or value == 0})


def _seconds(value: object) -> int | None:
    # The request keeps any JSON value here; the record keeps only what is a number of seconds.
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _claims(token: Token | None) -> Mapping[str, Any]:
    if token is None or token.claims is None or not isinstance(token.claims.value, dict):
        return {}
    return token.claims.value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _parent(request: ExchangeRequest) -> str:
    return _text(_claims(request.subject_token), "decision_id") or request.parent_decision_id


def _root(request: ExchangeRequest, decision: Decision) -> str:
    if decision.issue_claims is not None:
        return decision.issue_claims.txn
    # A denied hop belongs to the chain that it tried to extend; `txn` is the root decision's id, and only a token
    # that names its own decision, too, continues a chain (contract.md, section 2).
    claims = _claims(request.subject_token)
    return (_text(claims, "decision_id") and _text(claims, "txn")) or decision.decision_id


def _party(token: Token | None) -> Document:
    claims = _claims(token)
    return {name: value for name in ("iss", "sub") if (value := _text(claims, name))}


def _actor(request: ExchangeRequest, actor: Mapping[str, str] | None, agent: str, version: str) -> Document:
    spiffe_id = request.actor_workload.spiffe_id if request.actor_workload else ""
    party = dict(actor) if actor else _party(request.actor_token)
    return _filled(**party, spiffe_id=spiffe_id, agent=agent, version=version)


def _filled(**members: str) -> Document:
    return {name: value for name, value in members.items() if value}


def _chain(request: ExchangeRequest, decision: Decision) -> list[Document]:
    """The actors most recent first: of the issued token, or of the subject token when nothing is issued."""
    act = decision.act if decision.limits is not None else _claims(request.subject_token).get("act")
    if act is None:
        return []
    try:
        levels = delegation.flatten(act)
    except ValueError:
        return []
    return [{name: level[name] for name in ("iss", "sub", "client_id") if name in level} for level in levels]


def _source(token: Token | None) -> Document:
    if token is None:
        return {}
    source: Document = {"token_type": token.token_type, "credential_class": token.credential_class}
    if jti := _text(_claims(token), "jti"):
        source["jti"] = jti
    elif token.presented:
        material = token.claims.text if token.claims is not None else token.unverified_token
        source["digest"] = "sha256:" + hashlib.sha256(material.encode("utf-8", "surrogatepass")).hexdigest()
    return {name: value for name, value in source.items() if value}


def _issued(decision: Decision) -> Document:
    limits = decision.limits
    if limits is None:
        return {}
    return {
        "token_type": limits.issued_token_type,
        "scope": list(limits.scope),
        "audience": list(limits.audience),
        "max_lifetime_seconds": limits.max_lifetime_seconds,
        "not_after": limits.not_after,
    }


def _problems(request: ExchangeRequest) -> Document:
    """Why evidence that was examined here proves nothing; a word for each part."""
    parts = {
        "subject_token": request.subject_token,
        "actor_token": request.actor_token,
        "actor_workload": request.actor_workload,
    }
    proofs = {name: part.proof for name, part in parts.items() if part is not None and part.proof is not None}
    return {name: proof.problem.value for name, proof in proofs.items() if proof.problem is not None}


def _evidence(request: ExchangeRequest) -> Document:
    """How each fact is known: `asserted` by the caller, or `verified` here. A fact nobody vouches for is left out."""
    tokens = {"subject_token": request.subject_token, "actor_token": request.actor_token}
    evidence: Document = {
        name: "verified" if token.proof is not None else "asserted"
        for name, token in tokens.items()
        if token is not None and token.verified
    }
    if request.client.authenticated:
        evidence["client"] = "asserted"
    approvals = [approval for approval in request.approvals if approval.verified]
    if approvals:
        # One word for all: the weaker one, where the caller vouches for some.
        evidence["approvals"] = "verified" if all(approval.jws for approval in approvals) else "asserted"
    if any(consent.verified for consent in request.consents):
        evidence["consents"] = "asserted"
    workload = request.actor_workload
    # Evidence that proves nothing does not make the declaration a fact that somebody vouches for.
    if workload is not None and workload.spiffe_id and (workload.proof is None or workload.proof.verified):
        evidence["actor_workload"] = "asserted" if workload.proof is None else "verified"
    return evidence
