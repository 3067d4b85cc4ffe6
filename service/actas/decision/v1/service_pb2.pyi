from actas.decision.v1 import decision_pb2 as _decision_pb2
from actas.decision.v1 import request_pb2 as _request_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecideResponse(_message.Message):
    __slots__ = ("decision",)
    DECISION_FIELD_NUMBER: _ClassVar[int]
    decision: _decision_pb2.Decision
    def __init__(self, decision: _Optional[_Union[_decision_pb2.Decision, _Mapping]] = ...) -> None: ...

class DecideBatchRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[_request_pb2.DecideRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[_request_pb2.DecideRequest, _Mapping]]] = ...) -> None: ...

class DecideBatchResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DecideBatchItem]
    def __init__(self, items: _Optional[_Iterable[_Union[DecideBatchItem, _Mapping]]] = ...) -> None: ...

class DecideBatchItem(_message.Message):
    __slots__ = ("decision", "error")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    decision: _decision_pb2.Decision
    error: DecisionError
    def __init__(self, decision: _Optional[_Union[_decision_pb2.Decision, _Mapping]] = ..., error: _Optional[_Union[DecisionError, _Mapping]] = ...) -> None: ...

class DecisionError(_message.Message):
    __slots__ = ("status", "reason", "field", "message")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    status: str
    reason: str
    field: str
    message: str
    def __init__(self, status: _Optional[str] = ..., reason: _Optional[str] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: _request_pb2.DecideRequest
    def __init__(self, request: _Optional[_Union[_request_pb2.DecideRequest, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("decision", "rules")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    decision: _decision_pb2.Decision
    rules: _containers.RepeatedCompositeFieldContainer[RuleExplanation]
    def __init__(self, decision: _Optional[_Union[_decision_pb2.Decision, _Mapping]] = ..., rules: _Optional[_Iterable[_Union[RuleExplanation, _Mapping]]] = ...) -> None: ...

class RuleExplanation(_message.Message):
    __slots__ = ("rule", "code", "outcome", "file", "line", "inputs_json")
    RULE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_JSON_FIELD_NUMBER: _ClassVar[int]
    rule: str
    code: str
    outcome: str
    file: str
    line: int
    inputs_json: str
    def __init__(self, rule: _Optional[str] = ..., code: _Optional[str] = ..., outcome: _Optional[str] = ..., file: _Optional[str] = ..., line: _Optional[int] = ..., inputs_json: _Optional[str] = ...) -> None: ...
