"""The doorway: decode, decide, encode. What a decision is, is decided elsewhere."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol

import grpc

from actas import wire
from actas.decision import Decision
from actas.decision.v1 import request_pb2, service_pb2
from actas.errors import ProtocolError
from actas.explanation import FiredRule
from actas.limits import RequestLimits
from actas.request import ExchangeRequest
from actas.server import callers
from actas.server.callers import CallerIdentity
from actas.server.doorway import Doorway, handler_of, refuse_unknown
from actas.server.interceptors import Context, note
from actas.server.metrics import Metrics
from actas.server.status import Outward

SERVICE: Final = service_pb2.DESCRIPTOR.services_by_name["DecisionService"].full_name
_SLACK_SECONDS: Final = 0.05
# How many decisions of a batch are in step. Each of their steps holds up everybody else, by 3 ms at most.
_IN_STEP: Final = 16


class Decides(Protocol):
    """What makes the decisions."""

    async def decide(self, request: ExchangeRequest, *, timeout: float, caller: str, in_step: bool) -> Decision:
        """Decide *request* within *timeout* seconds for the caller of that name; *in_step* with others, or alone."""

    async def rehearse(
        self, request: ExchangeRequest, *, timeout: float, caller: str
    ) -> tuple[dict[str, Any], Decision]:
        """Decide *request*, but use up nothing that may be used once; gives what policy saw, too."""


Explainer = Callable[[Mapping[str, Any], Decision], Sequence[FiredRule]]


class Servicer:
    """`actas.decision.v1.DecisionService`."""

    def __init__(
        self,
        decider: Decides,
        explainer: Explainer,
        metrics: Metrics,
        limits: RequestLimits,
        *,
        default_timeout: float,
        max_timeout: float,
        in_step: bool = False,
    ) -> None:
        """Timeouts are seconds: without a deadline of the caller, and the longest one, whatever the deadline.

        *in_step* says that a decision waits for nothing, so that those of a batch are made a few at a time, in step.
        """
        self._decider = decider
        self._explainer = explainer
        self._metrics = metrics
        self._limits = limits
        self._doorway = Doorway(limits, default_timeout, max_timeout)
        self._in_step = in_step

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """Give what a gRPC server calls."""
        methods = {"Decide": self.decide, "DecideBatch": self.decide_batch, "Explain": self.explain}
        return handler_of(SERVICE, methods)

    async def decide(self, data: bytes, context: Context) -> service_pb2.DecideResponse:
        """Decide one exchange."""
        end = self._doorway.end(context)
        decision = await self._decide(self._doorway.parse(request_pb2.DecideRequest, data), end, callers.current.get())
        return service_pb2.DecideResponse(decision=wire.decision_to_proto(decision))

    async def decide_batch(self, data: bytes, context: Context) -> service_pb2.DecideBatchResponse:
        """Decide each of up to 100 exchanges on its own."""
        end, caller = self._doorway.end(context), callers.current.get()
        batch = self._doorway.parse(service_pb2.DecideBatchRequest, data)
        refuse_unknown(batch)
        if not batch.requests:
            raise ProtocolError("requests", "is required")
        self._limits.check_batch(batch.requests)
        response, deciding = service_pb2.DecideBatchResponse(), iter(batch.requests)
        # An engine that is a process of its own is asked for all of them in one call.
        most = _IN_STEP if self._in_step else len(batch.requests)
        while group := [self._item(request, end, caller) for request in islice(deciding, most)]:
            response.items.extend(await asyncio.gather(*group))
        return response

    async def explain(self, data: bytes, context: Context) -> service_pb2.ExplainResponse:
        """Decide one exchange and say which rules fired."""
        end, caller = self._doorway.end(context), callers.current.get()
        caller.require("explain", context.peer())
        asked = self._doorway.parse(service_pb2.ExplainRequest, data)
        refuse_unknown(asked)
        if not asked.HasField("request"):
            raise ProtocolError("request", "is required")
        request, remaining = self._admit(asked.request, end, caller)
        async with asyncio.timeout(remaining + _SLACK_SECONDS):
            seen, decision = await self._decider.rehearse(request, timeout=remaining, caller=caller.name)
        self._metrics.decision(decision)
        rules = [_rule(fired) for fired in self._explainer(seen, decision)]
        return service_pb2.ExplainResponse(decision=wire.decision_to_proto(decision), rules=rules)

    def _admit(
        self, asked: request_pb2.DecideRequest, end: float, caller: CallerIdentity
    ) -> tuple[ExchangeRequest, float]:
        """Give the request and the seconds that are left for it."""
        request = wire.request_from_proto(asked, self._limits)
        caller.require_authorization_server(request.authorization_server)
        remaining = end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return request, remaining

    async def _decide(
        self, asked: request_pb2.DecideRequest, end: float, caller: CallerIdentity, *, in_step: bool = False
    ) -> Decision:
        request, remaining = self._admit(asked, end, caller)
        if in_step:
            await asyncio.sleep(0)
        # The decider keeps the time and knows better what was slow; this bounds the rest, such as the recorder.
        async with asyncio.timeout(remaining + _SLACK_SECONDS):
            decision = await self._decider.decide(request, timeout=remaining, caller=caller.name, in_step=in_step)
        self._metrics.decision(decision)
        return decision

    async def _item(
        self, asked: request_pb2.DecideRequest, end: float, caller: CallerIdentity
    ) -> service_pb2.DecideBatchItem:
        try:
            decision = await self._decide(asked, end, caller, in_step=self._in_step)
        except Exception as error:
            outward = Outward.of(error)
            note("DecideBatch", outward, error)
            return service_pb2.DecideBatchItem(error=wire.error_to_proto(outward))
        return service_pb2.DecideBatchItem(decision=wire.decision_to_proto(decision))


def _rule(fired: FiredRule) -> service_pb2.RuleExplanation:
    document = fired.to_document()
    return service_pb2.RuleExplanation(
        rule=fired.rule,
        code=fired.code,
        outcome=document["outcome"],
        file=fired.file,
        line=fired.line,
        inputs_json=json.dumps(document["inputs"]),
    )
