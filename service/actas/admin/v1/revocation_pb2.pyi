import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Revocation(_message.Message):
    __slots__ = ("kind", "sub", "iss", "sid", "id", "client_id", "authorization_server", "actor", "jti", "txn", "claims_json", "event_timestamp", "until", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUB_FIELD_NUMBER: _ClassVar[int]
    ISS_FIELD_NUMBER: _ClassVar[int]
    SID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_SERVER_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    JTI_FIELD_NUMBER: _ClassVar[int]
    TXN_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_JSON_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    sub: str
    iss: str
    sid: str
    id: str
    client_id: str
    authorization_server: str
    actor: str
    jti: str
    txn: str
    claims_json: str
    event_timestamp: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, kind: _Optional[str] = ..., sub: _Optional[str] = ..., iss: _Optional[str] = ..., sid: _Optional[str] = ..., id: _Optional[str] = ..., client_id: _Optional[str] = ..., authorization_server: _Optional[str] = ..., actor: _Optional[str] = ..., jti: _Optional[str] = ..., txn: _Optional[str] = ..., claims_json: _Optional[str] = ..., event_timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class ActiveRevocation(_message.Message):
    __slots__ = ("revocation", "version", "recorded_at", "recorded_by")
    REVOCATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RECORDED_AT_FIELD_NUMBER: _ClassVar[int]
    RECORDED_BY_FIELD_NUMBER: _ClassVar[int]
    revocation: Revocation
    version: int
    recorded_at: _timestamp_pb2.Timestamp
    recorded_by: str
    def __init__(self, revocation: _Optional[_Union[Revocation, _Mapping]] = ..., version: _Optional[int] = ..., recorded_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recorded_by: _Optional[str] = ...) -> None: ...

class LiveDelegation(_message.Message):
    __slots__ = ("subject_iss", "subject_sub", "actor", "target", "decisions", "usable_until", "issued_jti")
    SUBJECT_ISS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_SUB_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    USABLE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ISSUED_JTI_FIELD_NUMBER: _ClassVar[int]
    subject_iss: str
    subject_sub: str
    actor: str
    target: str
    decisions: int
    usable_until: _timestamp_pb2.Timestamp
    issued_jti: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, subject_iss: _Optional[str] = ..., subject_sub: _Optional[str] = ..., actor: _Optional[str] = ..., target: _Optional[str] = ..., decisions: _Optional[int] = ..., usable_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., issued_jti: _Optional[_Iterable[str]] = ...) -> None: ...

class RevokeRequest(_message.Message):
    __slots__ = ("revocations", "dry_run")
    REVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    revocations: _containers.RepeatedCompositeFieldContainer[Revocation]
    dry_run: bool
    def __init__(self, revocations: _Optional[_Iterable[_Union[Revocation, _Mapping]]] = ..., dry_run: _Optional[bool] = ...) -> None: ...

class RevokeResponse(_message.Message):
    __slots__ = ("version", "delegations", "truncated")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DELEGATIONS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    version: int
    delegations: _containers.RepeatedCompositeFieldContainer[LiveDelegation]
    truncated: bool
    def __init__(self, version: _Optional[int] = ..., delegations: _Optional[_Iterable[_Union[LiveDelegation, _Mapping]]] = ..., truncated: _Optional[bool] = ...) -> None: ...

class RestoreRequest(_message.Message):
    __slots__ = ("revocations", "reason")
    REVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    revocations: _containers.RepeatedCompositeFieldContainer[Revocation]
    reason: str
    def __init__(self, revocations: _Optional[_Iterable[_Union[Revocation, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class RestoreResponse(_message.Message):
    __slots__ = ("version", "restored")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RESTORED_FIELD_NUMBER: _ClassVar[int]
    version: int
    restored: _containers.RepeatedCompositeFieldContainer[Revocation]
    def __init__(self, version: _Optional[int] = ..., restored: _Optional[_Iterable[_Union[Revocation, _Mapping]]] = ...) -> None: ...

class ListRevocationsRequest(_message.Message):
    __slots__ = ("kind", "page_size", "page_token")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: str
    page_size: int
    page_token: str
    def __init__(self, kind: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRevocationsResponse(_message.Message):
    __slots__ = ("revocations", "next_page_token", "version")
    REVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    revocations: _containers.RepeatedCompositeFieldContainer[ActiveRevocation]
    next_page_token: str
    version: int
    def __init__(self, revocations: _Optional[_Iterable[_Union[ActiveRevocation, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ReceiveSecurityEventRequest(_message.Message):
    __slots__ = ("security_event_token",)
    SECURITY_EVENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    security_event_token: str
    def __init__(self, security_event_token: _Optional[str] = ...) -> None: ...

class ReceiveSecurityEventResponse(_message.Message):
    __slots__ = ("version", "revocations", "known")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REVOCATIONS_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    version: int
    revocations: _containers.RepeatedCompositeFieldContainer[Revocation]
    known: bool
    def __init__(self, version: _Optional[int] = ..., revocations: _Optional[_Iterable[_Union[Revocation, _Mapping]]] = ..., known: _Optional[bool] = ...) -> None: ...
