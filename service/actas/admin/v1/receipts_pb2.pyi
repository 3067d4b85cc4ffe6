import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Receipt(_message.Message):
    __slots__ = ("decision_id", "document_json")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_JSON_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    document_json: str
    def __init__(self, decision_id: _Optional[str] = ..., document_json: _Optional[str] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("issued", "issued_jti", "issued_digest", "side_effect", "detail")
    ISSUED_FIELD_NUMBER: _ClassVar[int]
    ISSUED_JTI_FIELD_NUMBER: _ClassVar[int]
    ISSUED_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIDE_EFFECT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    issued: bool
    issued_jti: str
    issued_digest: str
    side_effect: str
    detail: str
    def __init__(self, issued: _Optional[bool] = ..., issued_jti: _Optional[str] = ..., issued_digest: _Optional[str] = ..., side_effect: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...

class ReceiptFilter(_message.Message):
    __slots__ = ("actor", "subject", "subject_issuer", "target", "task_id", "effect", "code", "since", "until", "unreported")
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ISSUER_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    UNREPORTED_FIELD_NUMBER: _ClassVar[int]
    actor: str
    subject: str
    subject_issuer: str
    target: str
    task_id: str
    effect: str
    code: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    unreported: bool
    def __init__(self, actor: _Optional[str] = ..., subject: _Optional[str] = ..., subject_issuer: _Optional[str] = ..., target: _Optional[str] = ..., task_id: _Optional[str] = ..., effect: _Optional[str] = ..., code: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unreported: _Optional[bool] = ...) -> None: ...

class ListReceiptsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    filter: ReceiptFilter
    page_size: int
    page_token: str
    def __init__(self, filter: _Optional[_Union[ReceiptFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReceiptsResponse(_message.Message):
    __slots__ = ("receipts", "next_page_token")
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    next_page_token: str
    def __init__(self, receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetTreeRequest(_message.Message):
    __slots__ = ("id", "limit")
    ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    id: str
    limit: int
    def __init__(self, id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class GetTreeResponse(_message.Message):
    __slots__ = ("receipts", "truncated")
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[Receipt]
    truncated: bool
    def __init__(self, receipts: _Optional[_Iterable[_Union[Receipt, _Mapping]]] = ..., truncated: _Optional[bool] = ...) -> None: ...

class CompareAgentsRequest(_message.Message):
    __slots__ = ("agent", "since", "until")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    agent: str
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, agent: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CompareAgentsResponse(_message.Message):
    __slots__ = ("versions",)
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[AgentVersion]
    def __init__(self, versions: _Optional[_Iterable[_Union[AgentVersion, _Mapping]]] = ...) -> None: ...

class AgentVersion(_message.Message):
    __slots__ = ("agent", "version", "decisions", "denied", "narrowed", "step_ups", "codes")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    DENIED_FIELD_NUMBER: _ClassVar[int]
    NARROWED_FIELD_NUMBER: _ClassVar[int]
    STEP_UPS_FIELD_NUMBER: _ClassVar[int]
    CODES_FIELD_NUMBER: _ClassVar[int]
    agent: str
    version: str
    decisions: int
    denied: int
    narrowed: int
    step_ups: int
    codes: _containers.RepeatedCompositeFieldContainer[CodeCount]
    def __init__(self, agent: _Optional[str] = ..., version: _Optional[str] = ..., decisions: _Optional[int] = ..., denied: _Optional[int] = ..., narrowed: _Optional[int] = ..., step_ups: _Optional[int] = ..., codes: _Optional[_Iterable[_Union[CodeCount, _Mapping]]] = ...) -> None: ...

class CodeCount(_message.Message):
    __slots__ = ("code", "count")
    CODE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    code: str
    count: int
    def __init__(self, code: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class ReportOutcomeRequest(_message.Message):
    __slots__ = ("decision_id", "outcome")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    outcome: Outcome
    def __init__(self, decision_id: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ...) -> None: ...

class ReportOutcomeResponse(_message.Message):
    __slots__ = ("recorded",)
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    recorded: bool
    def __init__(self, recorded: _Optional[bool] = ...) -> None: ...
