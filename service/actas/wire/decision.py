"""Decision to its message and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from actas import strict_json
from actas.decision import (
    Decision,
    Denial,
    Effect,
    IssueClaims,
    Limits,
    Obligation,
    PolicyRef,
    WithheldScope,
)
from actas.decision.v1 import decision_pb2
from actas.errors import ProtocolError
from actas.wire.unknown import refuse_unknown
from actas.wire.values import moment_of, object_of, seconds_of, struct_of, time_of, timestamp_of

KNOWN_OBLIGATIONS = frozenset({"step-up", "approval"})

_EFFECTS = {Effect.ALLOW: decision_pb2.EFFECT_ALLOW, Effect.DENY: decision_pb2.EFFECT_DENY}
_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 128  # an inbound chain may have as many levels as claims may nest, and one more is issued


def decision_to_proto(decision: Decision) -> decision_pb2.Decision:
    """Return *decision* as a message. Raises ValueError for a `cnf` that has more than a `jkt`."""
    limits, issue_claims, policy = decision.limits, decision.issue_claims, decision.policy
    return decision_pb2.Decision(
        decision_id=decision.decision_id,
        request_id=decision.request_id,
        effect=_EFFECTS[decision.effect],
        narrowed=decision.narrowed,
        notes=decision.notes,
        withheld_scope=[
            decision_pb2.WithheldScope(scope=item.scope, code=item.code) for item in decision.withheld_scope
        ],
        error=decision.error,
        error_description=decision.error_description,
        denials=[
            decision_pb2.Denial(code=denial.code, rule=denial.rule, reason=denial.reason) for denial in decision.denials
        ],
        obligations=[
            decision_pb2.Obligation(
                type=obligation.type,
                id=obligation.id,
                properties=struct_of(dict(obligation.properties), f"obligations[{position}].properties"),
            )
            for position, obligation in enumerate(decision.obligations)
        ],
        limits=None if limits is None else _limits(limits),
        issue_claims=None
        if issue_claims is None
        else decision_pb2.IssueClaims(decision_id=issue_claims.decision_id, txn=issue_claims.txn),
        act_json="" if decision.act is None else strict_json.dumps(dict(decision.act)),
        policy=decision_pb2.PolicyRef(
            revision=policy.revision, bundle_digest=policy.bundle_digest, state_version=policy.state_version
        ),
        evaluated_at=timestamp_of(decision.evaluated_at),
        valid_until=timestamp_of(decision.valid_until),
        disabled_rules=decision.disabled_rules,
    )


def _limits(limits: Limits) -> decision_pb2.Limits:
    message = decision_pb2.Limits(
        scope=limits.scope,
        audience=limits.audience,
        not_after=Timestamp(seconds=limits.not_after),
        issued_token_type=limits.issued_token_type,
        token_type=limits.token_type,
        cnf=None if limits.cnf is None else _confirmation(limits.cnf),
    )
    message.max_lifetime.seconds = limits.max_lifetime_seconds
    if limits.authorization_details:
        message.authorization_details_json = strict_json.dumps(list(limits.authorization_details))
    return message


def _confirmation(cnf: Mapping[str, str]) -> decision_pb2.Confirmation:
    # A method that the message cannot carry would be dropped, and the token issued unbound.
    if cnf.keys() != {"jkt"}:
        raise ValueError("a cnf to issue has a jkt and nothing else")
    return decision_pb2.Confirmation(jkt=cnf["jkt"])


def decision_from_proto(message: decision_pb2.Decision) -> Decision:
    """Read a decision as a client must: anything unknown or incomplete is refused, never ignored.

    Raises ProtocolError naming the field: unknown field or obligation, effect unset or unknown, or an
    ALLOW that lacks what an issuer needs or says why it should be a DENY.
    """
    refuse_unknown(message)
    effect = next((effect for effect, number in _EFFECTS.items() if number == message.effect), None)
    if effect is None:
        raise ProtocolError("effect", "is not set or unknown")
    for position, obligation in enumerate(message.obligations):
        if obligation.type not in KNOWN_OBLIGATIONS:
            raise ProtocolError(f"obligations[{position}].type", "unknown obligation", reason="UNKNOWN_FIELD")
    allowed = effect is Effect.ALLOW
    for field in ("policy", "evaluated_at", "valid_until", *(("limits", "issue_claims") if allowed else ())):
        if not message.HasField(field):
            raise ProtocolError(field, "is required", reason="MISSING_FIELD")
    if allowed == bool(message.denials or message.error):
        raise ProtocolError("denials", "do not fit the effect")
    return Decision(
        decision_id=message.decision_id,
        request_id=message.request_id,
        effect=effect,
        policy=PolicyRef(message.policy.revision, message.policy.bundle_digest, message.policy.state_version),
        evaluated_at=moment_of(message.evaluated_at, "evaluated_at"),
        valid_until=moment_of(message.valid_until, "valid_until"),
        narrowed=message.narrowed,
        notes=tuple(message.notes),
        withheld_scope=tuple(WithheldScope(item.scope, item.code) for item in message.withheld_scope),
        error=message.error,
        error_description=message.error_description,
        denials=tuple(Denial(denial.code, denial.rule, denial.reason) for denial in message.denials),
        obligations=tuple(
            Obligation(item.type, item.id, object_of(item.properties, f"obligations[{position}].properties"))
            for position, item in enumerate(message.obligations)
        ),
        limits=_limits_of(message.limits) if message.HasField("limits") else None,
        issue_claims=IssueClaims(message.issue_claims.decision_id, message.issue_claims.txn)
        if message.HasField("issue_claims")
        else None,
        act=_act_of(message.act_json),
        disabled_rules=tuple(message.disabled_rules),
    )


def _limits_of(message: decision_pb2.Limits) -> Limits:
    lifetime = seconds_of(message.max_lifetime, "limits.max_lifetime")
    if not isinstance(lifetime, int) or lifetime <= 0:
        raise ProtocolError("limits.max_lifetime", "must be a positive number of whole seconds")
    if not message.HasField("not_after"):
        raise ProtocolError("limits.not_after", "is required", reason="MISSING_FIELD")
    if message.HasField("cnf") and not message.cnf.jkt:
        raise ProtocolError("limits.cnf.jkt", "is required", reason="MISSING_FIELD")
    details = _json_of(message.authorization_details_json, "limits.authorization_details_json", list)
    return Limits(
        scope=tuple(message.scope),
        audience=tuple(message.audience),
        max_lifetime_seconds=lifetime,
        not_after=time_of(message.not_after, "limits.not_after"),
        issued_token_type=message.issued_token_type,
        token_type=message.token_type,
        authorization_details=tuple(details or ()),
        cnf={"jkt": message.cnf.jkt} if message.HasField("cnf") else None,
    )


def _act_of(text: str) -> Mapping[str, object] | None:
    act: Mapping[str, object] | None = _json_of(text, "act_json", dict)
    return act


def _json_of(text: str, field: str, kind: type) -> Any:
    if not text:
        return None
    parsed = strict_json.parse(text, field, max_bytes=_MAX_BYTES, max_depth=_MAX_DEPTH)
    if not parsed.well_formed or not isinstance(parsed.value, kind):
        raise ProtocolError(field, "not the JSON value that it must be")
    return parsed.value
