import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecideRequest(_message.Message):
    __slots__ = ("request_id", "authorization_server", "grant_type", "client", "subject_token", "actor_token", "actor_workload", "requested_token_type", "resource", "audience", "scope", "authorization_details_json", "requested_lifetime", "requested_lifetime_json", "approvals", "consents", "code", "parent_decision_id", "context", "duplicate_parameters")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_SERVER_FIELD_NUMBER: _ClassVar[int]
    GRANT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACTOR_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACTOR_WORKLOAD_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_TOKEN_TYPE_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_DETAILS_JSON_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_LIFETIME_JSON_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PARENT_DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DUPLICATE_PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    authorization_server: str
    grant_type: str
    client: Client
    subject_token: Token
    actor_token: Token
    actor_workload: ActorWorkload
    requested_token_type: str
    resource: _containers.RepeatedScalarFieldContainer[str]
    audience: _containers.RepeatedScalarFieldContainer[str]
    scope: str
    authorization_details_json: str
    requested_lifetime: _duration_pb2.Duration
    requested_lifetime_json: str
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    code: AuthorizationCode
    parent_decision_id: str
    context: Context
    duplicate_parameters: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., authorization_server: _Optional[str] = ..., grant_type: _Optional[str] = ..., client: _Optional[_Union[Client, _Mapping]] = ..., subject_token: _Optional[_Union[Token, _Mapping]] = ..., actor_token: _Optional[_Union[Token, _Mapping]] = ..., actor_workload: _Optional[_Union[ActorWorkload, _Mapping]] = ..., requested_token_type: _Optional[str] = ..., resource: _Optional[_Iterable[str]] = ..., audience: _Optional[_Iterable[str]] = ..., scope: _Optional[str] = ..., authorization_details_json: _Optional[str] = ..., requested_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., requested_lifetime_json: _Optional[str] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., code: _Optional[_Union[AuthorizationCode, _Mapping]] = ..., parent_decision_id: _Optional[str] = ..., context: _Optional[_Union[Context, _Mapping]] = ..., duplicate_parameters: _Optional[_Iterable[str]] = ...) -> None: ...

class Client(_message.Message):
    __slots__ = ("client_id", "authenticated", "confidential", "auth_method", "proof_jkt", "display_name", "tenant")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHENTICATED_FIELD_NUMBER: _ClassVar[int]
    CONFIDENTIAL_FIELD_NUMBER: _ClassVar[int]
    AUTH_METHOD_FIELD_NUMBER: _ClassVar[int]
    PROOF_JKT_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    authenticated: bool
    confidential: bool
    auth_method: str
    proof_jkt: str
    display_name: str
    tenant: str
    def __init__(self, client_id: _Optional[str] = ..., authenticated: _Optional[bool] = ..., confidential: _Optional[bool] = ..., auth_method: _Optional[str] = ..., proof_jkt: _Optional[str] = ..., display_name: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("token_type", "credential_class", "verified", "header", "kind", "bundle_trust_domain", "pop_jkt", "claims_json", "unverified_token")
    TOKEN_TYPE_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_CLASS_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_TRUST_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    POP_JKT_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_JSON_FIELD_NUMBER: _ClassVar[int]
    UNVERIFIED_TOKEN_FIELD_NUMBER: _ClassVar[int]
    token_type: str
    credential_class: str
    verified: bool
    header: _struct_pb2.Struct
    kind: str
    bundle_trust_domain: str
    pop_jkt: str
    claims_json: str
    unverified_token: str
    def __init__(self, token_type: _Optional[str] = ..., credential_class: _Optional[str] = ..., verified: _Optional[bool] = ..., header: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., kind: _Optional[str] = ..., bundle_trust_domain: _Optional[str] = ..., pop_jkt: _Optional[str] = ..., claims_json: _Optional[str] = ..., unverified_token: _Optional[str] = ...) -> None: ...

class ActorWorkload(_message.Message):
    __slots__ = ("spiffe_id", "jwt_svid", "x509_svid")
    SPIFFE_ID_FIELD_NUMBER: _ClassVar[int]
    JWT_SVID_FIELD_NUMBER: _ClassVar[int]
    X509_SVID_FIELD_NUMBER: _ClassVar[int]
    spiffe_id: str
    jwt_svid: str
    x509_svid: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, spiffe_id: _Optional[str] = ..., jwt_svid: _Optional[str] = ..., x509_svid: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("id", "verified", "status", "subject", "actor", "client_id", "target", "scope", "approver", "approved_until", "authorization_details_json", "jws")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FIELD_NUMBER: _ClassVar[int]
    APPROVED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_DETAILS_JSON_FIELD_NUMBER: _ClassVar[int]
    JWS_FIELD_NUMBER: _ClassVar[int]
    id: str
    verified: bool
    status: str
    subject: str
    actor: str
    client_id: str
    target: str
    scope: str
    approver: str
    approved_until: _timestamp_pb2.Timestamp
    authorization_details_json: str
    jws: str
    def __init__(self, id: _Optional[str] = ..., verified: _Optional[bool] = ..., status: _Optional[str] = ..., subject: _Optional[str] = ..., actor: _Optional[str] = ..., client_id: _Optional[str] = ..., target: _Optional[str] = ..., scope: _Optional[str] = ..., approver: _Optional[str] = ..., approved_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., authorization_details_json: _Optional[str] = ..., jws: _Optional[str] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("verified", "iss", "sub", "client_id", "actor", "scope", "until", "authorization_server")
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    ISS_FIELD_NUMBER: _ClassVar[int]
    SUB_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_SERVER_FIELD_NUMBER: _ClassVar[int]
    verified: bool
    iss: str
    sub: str
    client_id: str
    actor: str
    scope: str
    until: _timestamp_pb2.Timestamp
    authorization_server: str
    def __init__(self, verified: _Optional[bool] = ..., iss: _Optional[str] = ..., sub: _Optional[str] = ..., client_id: _Optional[str] = ..., actor: _Optional[str] = ..., scope: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., authorization_server: _Optional[str] = ...) -> None: ...

class AuthorizationCode(_message.Message):
    __slots__ = ("sub", "client_id", "requested_actor", "stage")
    SUB_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_ACTOR_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    sub: str
    client_id: str
    requested_actor: str
    stage: str
    def __init__(self, sub: _Optional[str] = ..., client_id: _Optional[str] = ..., requested_actor: _Optional[str] = ..., stage: _Optional[str] = ...) -> None: ...

class Context(_message.Message):
    __slots__ = ("purpose", "task_id", "ip", "request_path")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PATH_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    task_id: str
    ip: str
    request_path: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, purpose: _Optional[str] = ..., task_id: _Optional[str] = ..., ip: _Optional[str] = ..., request_path: _Optional[_Iterable[str]] = ...) -> None: ...
