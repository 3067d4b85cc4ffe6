import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_ALLOW: _ClassVar[Effect]
    EFFECT_DENY: _ClassVar[Effect]
EFFECT_UNSPECIFIED: Effect
EFFECT_ALLOW: Effect
EFFECT_DENY: Effect

class Decision(_message.Message):
    __slots__ = ("decision_id", "request_id", "effect", "narrowed", "notes", "withheld_scope", "error", "error_description", "denials", "obligations", "limits", "issue_claims", "act_json", "policy", "evaluated_at", "valid_until", "disabled_rules")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    NARROWED_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_SCOPE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ERROR_DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DENIALS_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    ISSUE_CLAIMS_FIELD_NUMBER: _ClassVar[int]
    ACT_JSON_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    EVALUATED_AT_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DISABLED_RULES_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    request_id: str
    effect: Effect
    narrowed: bool
    notes: _containers.RepeatedScalarFieldContainer[str]
    withheld_scope: _containers.RepeatedCompositeFieldContainer[WithheldScope]
    error: str
    error_description: str
    denials: _containers.RepeatedCompositeFieldContainer[Denial]
    obligations: _containers.RepeatedCompositeFieldContainer[Obligation]
    limits: Limits
    issue_claims: IssueClaims
    act_json: str
    policy: PolicyRef
    evaluated_at: _timestamp_pb2.Timestamp
    valid_until: _timestamp_pb2.Timestamp
    disabled_rules: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., effect: _Optional[_Union[Effect, str]] = ..., narrowed: _Optional[bool] = ..., notes: _Optional[_Iterable[str]] = ..., withheld_scope: _Optional[_Iterable[_Union[WithheldScope, _Mapping]]] = ..., error: _Optional[str] = ..., error_description: _Optional[str] = ..., denials: _Optional[_Iterable[_Union[Denial, _Mapping]]] = ..., obligations: _Optional[_Iterable[_Union[Obligation, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., issue_claims: _Optional[_Union[IssueClaims, _Mapping]] = ..., act_json: _Optional[str] = ..., policy: _Optional[_Union[PolicyRef, _Mapping]] = ..., evaluated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., disabled_rules: _Optional[_Iterable[str]] = ...) -> None: ...

class WithheldScope(_message.Message):
    __slots__ = ("scope", "code")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    scope: str
    code: str
    def __init__(self, scope: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class Denial(_message.Message):
    __slots__ = ("code", "rule", "reason")
    CODE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    code: str
    rule: str
    reason: str
    def __init__(self, code: _Optional[str] = ..., rule: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Obligation(_message.Message):
    __slots__ = ("type", "id", "properties")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    type: str
    id: str
    properties: _struct_pb2.Struct
    def __init__(self, type: _Optional[str] = ..., id: _Optional[str] = ..., properties: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("scope", "audience", "max_lifetime", "not_after", "authorization_details_json", "issued_token_type", "token_type", "cnf")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    MAX_LIFETIME_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    AUTHORIZATION_DETAILS_JSON_FIELD_NUMBER: _ClassVar[int]
    ISSUED_TOKEN_TYPE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_TYPE_FIELD_NUMBER: _ClassVar[int]
    CNF_FIELD_NUMBER: _ClassVar[int]
    scope: _containers.RepeatedScalarFieldContainer[str]
    audience: _containers.RepeatedScalarFieldContainer[str]
    max_lifetime: _duration_pb2.Duration
    not_after: _timestamp_pb2.Timestamp
    authorization_details_json: str
    issued_token_type: str
    token_type: str
    cnf: Confirmation
    def __init__(self, scope: _Optional[_Iterable[str]] = ..., audience: _Optional[_Iterable[str]] = ..., max_lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., not_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., authorization_details_json: _Optional[str] = ..., issued_token_type: _Optional[str] = ..., token_type: _Optional[str] = ..., cnf: _Optional[_Union[Confirmation, _Mapping]] = ...) -> None: ...

class Confirmation(_message.Message):
    __slots__ = ("jkt",)
    JKT_FIELD_NUMBER: _ClassVar[int]
    jkt: str
    def __init__(self, jkt: _Optional[str] = ...) -> None: ...

class IssueClaims(_message.Message):
    __slots__ = ("decision_id", "txn")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    TXN_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    txn: str
    def __init__(self, decision_id: _Optional[str] = ..., txn: _Optional[str] = ...) -> None: ...

class PolicyRef(_message.Message):
    __slots__ = ("revision", "bundle_digest", "state_version")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    STATE_VERSION_FIELD_NUMBER: _ClassVar[int]
    revision: str
    bundle_digest: str
    state_version: str
    def __init__(self, revision: _Optional[str] = ..., bundle_digest: _Optional[str] = ..., state_version: _Optional[str] = ...) -> None: ...
