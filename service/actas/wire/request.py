"""DecideRequest to ExchangeRequest. On the way of every decision: plain attribute access, no models."""

from __future__ import annotations

from typing import Any

from actas import strict_json
from actas.decision.v1 import request_pb2
from actas.errors import ProtocolError
from actas.evaluable import LIFETIME_BYTES, LIFETIME_NESTING, checked, claims_of, lifetime_of
from actas.limits import RequestLimits
from actas.request import (
    ACCESS_TOKEN,
    ActorWorkload,
    Approval,
    AuthorizationCode,
    Client,
    Consent,
    Context,
    ExchangeRequest,
    JsonText,
    Token,
)
from actas.wire.unknown import refuse_unknown
from actas.wire.values import object_of, seconds_of, time_of

DEFAULT_LIMITS = RequestLimits()


def request_from_proto(message: request_pb2.DecideRequest, limits: RequestLimits = DEFAULT_LIMITS) -> ExchangeRequest:
    """Build a request from *message*.

    Raises ProtocolError naming the field: over a limit, unknown anywhere in the message, not JSON, or no
    valid time.
    """
    limits.check_message(refuse_unknown(message))
    request = ExchangeRequest(
        authorization_server=message.authorization_server,
        grant_type=message.grant_type,
        request_id=message.request_id,
        client=_client(message.client) if message.HasField("client") else Client(),
        subject_token=_token(message.subject_token, "subject_token", limits)
        if message.HasField("subject_token")
        else None,
        actor_token=_token(message.actor_token, "actor_token", limits) if message.HasField("actor_token") else None,
        actor_workload=_workload(message.actor_workload) if message.HasField("actor_workload") else None,
        requested_token_type=message.requested_token_type or ACCESS_TOKEN,
        resource=tuple(filter(None, message.resource)),
        audience=tuple(filter(None, message.audience)),
        scope=message.scope,
        authorization_details=_json(message.authorization_details_json, "authorization_details_json", limits),
        requested_lifetime=_lifetime(message),
        approvals=tuple(
            _approval(approval, f"approvals[{position}]", limits) for position, approval in enumerate(message.approvals)
        ),
        consents=tuple(_consent(consent, f"consents[{position}]") for position, consent in enumerate(message.consents)),
        code=_code(message.code) if message.HasField("code") else None,
        parent_decision_id=message.parent_decision_id,
        context=_context(message.context) if message.HasField("context") else Context(),
        duplicate_parameters=tuple(dict.fromkeys(message.duplicate_parameters)),
    )
    return checked(request, limits)


def _json(text: str, field: str, limits: RequestLimits) -> JsonText | None:
    if not text:
        return None
    return strict_json.parse(text, field, max_bytes=limits.claims_bytes, max_depth=limits.nesting)


def _lifetime(message: request_pb2.DecideRequest) -> Any:
    text = message.requested_lifetime_json
    if message.HasField("requested_lifetime"):
        if text:
            raise ProtocolError("requested_lifetime_json", "give either this or requested_lifetime, not both")
        return seconds_of(message.requested_lifetime, "requested_lifetime")
    if not text:
        return None
    parsed = strict_json.parse(text, "requested_lifetime_json", max_bytes=LIFETIME_BYTES, max_depth=LIFETIME_NESTING)
    return lifetime_of(parsed.value) if parsed.well_formed else text


def _client(message: request_pb2.Client) -> Client:
    return Client(
        client_id=message.client_id,
        authenticated=message.authenticated,
        confidential=message.confidential,
        auth_method=message.auth_method,
        proof_jkt=message.proof_jkt,
        display_name=message.display_name,
        tenant=message.tenant,
    )


def _token(message: request_pb2.Token, field: str, limits: RequestLimits) -> Token:
    claims = _json(message.claims_json, f"{field}.claims_json", limits)
    return Token(
        token_type=message.token_type,
        credential_class=message.credential_class,
        verified=message.verified,
        header=object_of(message.header, f"{field}.header") if message.HasField("header") else None,
        kind=message.kind,
        bundle_trust_domain=message.bundle_trust_domain,
        pop_jkt=message.pop_jkt,
        claims=None if claims is None else claims_of(claims),
        unverified_token=message.unverified_token,
    )


def _workload(message: request_pb2.ActorWorkload) -> ActorWorkload:
    return ActorWorkload(spiffe_id=message.spiffe_id, jwt_svid=message.jwt_svid, x509_svid=tuple(message.x509_svid))


def _approval(message: request_pb2.Approval, field: str, limits: RequestLimits) -> Approval:
    return Approval(
        id=message.id,
        verified=message.verified,
        status=message.status,
        subject=message.subject,
        actor=message.actor,
        client_id=message.client_id,
        target=message.target,
        scope=message.scope,
        approver=message.approver,
        approved_until=time_of(message.approved_until, f"{field}.approved_until")
        if message.HasField("approved_until")
        else None,
        authorization_details=_json(message.authorization_details_json, f"{field}.authorization_details_json", limits),
        jws=message.jws,
    )


def _consent(message: request_pb2.Consent, field: str) -> Consent:
    return Consent(
        verified=message.verified,
        iss=message.iss,
        sub=message.sub,
        client_id=message.client_id,
        actor=message.actor,
        scope=message.scope,
        until=time_of(message.until, f"{field}.until") if message.HasField("until") else None,
        authorization_server=message.authorization_server,
    )


def _code(message: request_pb2.AuthorizationCode) -> AuthorizationCode:
    return AuthorizationCode(
        sub=message.sub,
        client_id=message.client_id,
        requested_actor=message.requested_actor,
        stage=message.stage,
    )


def _context(message: request_pb2.Context) -> Context:
    return Context(
        purpose=message.purpose,
        task_id=message.task_id,
        ip=message.ip,
        request_path=tuple(message.request_path),
    )
