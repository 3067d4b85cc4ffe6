"""ExchangeRequest to DecideRequest: the way of clients and of tests."""

from __future__ import annotations

from actas import strict_json
from actas.decision.v1 import request_pb2
from actas.request import ActorWorkload, Approval, AuthorizationCode, Consent, ExchangeRequest, JsonText, Token
from actas.wire.values import duration_of, struct_of, timestamp_of


def request_to_proto(request: ExchangeRequest) -> request_pb2.DecideRequest:
    """Return the message that `request_from_proto` reads back as an equal request.

    Raises ProtocolError when a header holds a number that a Struct cannot hold exactly.
    """
    client, context, code, workload = request.client, request.context, request.code, request.actor_workload
    message = request_pb2.DecideRequest(
        request_id=request.request_id,
        authorization_server=request.authorization_server,
        grant_type=request.grant_type,
        client=request_pb2.Client(
            client_id=client.client_id,
            authenticated=client.authenticated,
            confidential=client.confidential,
            auth_method=client.auth_method,
            proof_jkt=client.proof_jkt,
            display_name=client.display_name,
            tenant=client.tenant,
        ),
        subject_token=_token(request.subject_token, "subject_token"),
        actor_token=_token(request.actor_token, "actor_token"),
        actor_workload=None if workload is None else _workload(workload),
        requested_token_type=request.requested_token_type,
        resource=request.resource,
        audience=request.audience,
        scope=request.scope,
        authorization_details_json=_text(request.authorization_details),
        approvals=[_approval(approval) for approval in request.approvals],
        consents=[_consent(consent) for consent in request.consents],
        code=None if code is None else _code(code),
        parent_decision_id=request.parent_decision_id,
        context=request_pb2.Context(
            purpose=context.purpose, task_id=context.task_id, ip=context.ip, request_path=context.request_path
        ),
        duplicate_parameters=request.duplicate_parameters,
    )
    _set_lifetime(message, request.requested_lifetime)
    return message


def _set_lifetime(message: request_pb2.DecideRequest, lifetime: object) -> None:
    duration = duration_of(lifetime)
    if duration is not None:
        message.requested_lifetime.CopyFrom(duration)
    elif lifetime is not None:
        message.requested_lifetime_json = strict_json.dumps(lifetime)


def _text(json: JsonText | None) -> str:
    return "" if json is None else json.text


def _token(token: Token | None, field: str) -> request_pb2.Token | None:
    if token is None:
        return None
    return request_pb2.Token(
        token_type=token.token_type,
        credential_class=token.credential_class,
        verified=token.verified,
        header=None if token.header is None else struct_of(token.header, f"{field}.header"),
        kind=token.kind,
        bundle_trust_domain=token.bundle_trust_domain,
        pop_jkt=token.pop_jkt,
        claims_json=_text(token.claims),
        unverified_token=token.unverified_token,
    )


def _approval(approval: Approval) -> request_pb2.Approval:
    until = approval.approved_until
    return request_pb2.Approval(
        id=approval.id,
        verified=approval.verified,
        status=approval.status,
        subject=approval.subject,
        actor=approval.actor,
        client_id=approval.client_id,
        target=approval.target,
        scope=approval.scope,
        approver=approval.approver,
        approved_until=None if until is None else timestamp_of(until),
        authorization_details_json=_text(approval.authorization_details),
        jws=approval.jws,
    )


def _consent(consent: Consent) -> request_pb2.Consent:
    return request_pb2.Consent(
        verified=consent.verified,
        iss=consent.iss,
        sub=consent.sub,
        client_id=consent.client_id,
        actor=consent.actor,
        scope=consent.scope,
        until=None if consent.until is None else timestamp_of(consent.until),
        authorization_server=consent.authorization_server,
    )


def _workload(workload: ActorWorkload) -> request_pb2.ActorWorkload:
    return request_pb2.ActorWorkload(
        spiffe_id=workload.spiffe_id, jwt_svid=workload.jwt_svid, x509_svid=workload.x509_svid
    )


def _code(code: AuthorizationCode) -> request_pb2.AuthorizationCode:
    return request_pb2.AuthorizationCode(
        sub=code.sub, client_id=code.client_id, requested_actor=code.requested_actor, stage=code.stage
    )
