"""Answers become decisions here, or are refused: what this client does not fully understand may hide a restriction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from actas import wire
from actas.admin.v1 import receipts_pb2
from actas.admin_wire.outcome import outcome_to_proto
from actas.client.errors import UnusableDecisionError
from actas.decision import Decision, Effect
from actas.decision.v1 import service_pb2
from actas.errors import EngineError, ProtocolError
from actas.receipts.outcome import Outcome
from actas.request import ExchangeRequest
from actas.wire.unknown import refuse_unknown

# One request of a batch fails alone, so its error stands in the place of its decision.
BatchItem = Decision | ProtocolError | EngineError


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule that fired, where it stands in the Rego, and the input that it saw."""

    rule: str
    code: str
    outcome: str
    file: str
    line: int
    inputs: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with the rules that led to it."""

    decision: Decision
    rules: tuple[ExplainedRule, ...]


def decided(response: service_pb2.DecideResponse, request: ExchangeRequest) -> Decision:
    """Read the answer to Decide.

    Raises:
        UnusableDecisionError: it must not be acted on.

    """
    _refuse_unknown(response)
    return _decision(response, request)


def decided_each(response: service_pb2.DecideBatchResponse, requests: Sequence[ExchangeRequest]) -> list[BatchItem]:
    """Read the answer to DecideBatch: one decision or one error per request, in their order."""
    _refuse_unknown(response)
    if len(response.items) != len(requests):
        raise UnusableDecisionError("items", f"{len(requests)} are needed, {len(response.items)} came")
    return [_item(item, request) for item, request in zip(response.items, requests, strict=True)]


def explained(response: service_pb2.ExplainResponse, request: ExchangeRequest) -> Explanation:
    """Read the answer to Explain."""
    _refuse_unknown(response)
    rules = tuple(
        ExplainedRule(rule.rule, rule.code, rule.outcome, rule.file, rule.line, _json(rule.inputs_json))
        for rule in response.rules
    )
    return Explanation(_decision(response, request), rules)


def report(decision_id: str, outcome: Outcome) -> receipts_pb2.ReportOutcomeRequest:
    """Write the question of ReportOutcome."""
    return receipts_pb2.ReportOutcomeRequest(decision_id=decision_id, outcome=outcome_to_proto(outcome))


def _item(item: service_pb2.DecideBatchItem, request: ExchangeRequest) -> BatchItem:
    if item.WhichOneof("result") != "error":
        return _decision(item, request)
    return wire.error_from_proto(item.error)


def _decision(
    holder: service_pb2.DecideResponse | service_pb2.DecideBatchItem | service_pb2.ExplainResponse,
    request: ExchangeRequest,
) -> Decision:
    if not holder.HasField("decision"):
        raise UnusableDecisionError("decision", "is missing")
    try:
        decision = wire.decision_from_proto(holder.decision)
    except ProtocolError as error:
        raise UnusableDecisionError(f"decision.{error.field}", error.message) from None
    if decision.request_id != request.request_id:
        raise UnusableDecisionError("decision.request_id", "is that of another request")
    if not decision.decision_id or not decision.policy.revision:
        raise UnusableDecisionError("decision.policy", "does not name the decision and its policy revision")
    if decision.effect is Effect.ALLOW:
        _check_allow(decision, request)
    return decision


def _check_allow(decision: Decision, request: ExchangeRequest) -> None:
    limits = decision.limits
    if limits is None or decision.obligations:
        raise UnusableDecisionError("decision.obligations", "an allow says how much, and asks for nothing more")
    if set(limits.audience) != {*request.resource, *request.audience}:
        raise UnusableDecisionError("decision.limits.audience", "is not what was asked for")


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        raise UnusableDecisionError("rules.inputs_json", "is not JSON") from None


def _refuse_unknown(message: Message) -> None:
    try:
        refuse_unknown(message)
    except ProtocolError as error:
        raise UnusableDecisionError(error.field, error.message) from None
