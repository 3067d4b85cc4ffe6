"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import grpc

from actas import wire
from actas.client import answers
from actas.client.answers import Explanation
from actas.client.attempts import Attempts
from actas.client.channels import CONNECTIONS, Target
from actas.client.errors import no_decision
from actas.client.hint import Told, Unsaid, told, told_by
from actas.client.spread import Spread
from actas.decision import Decision
from actas.decision.v1 import service_pb2
from actas.receipts.outcome import Outcome
from actas.request import ExchangeRequest


class AsyncDecisionClient:
    """Asks Actas for decisions from an event loop; see `DecisionClient`. Make it where the loop runs."""

    def __init__(self, target: Target | str, *, timeout: float = 1.0, connections: int = CONNECTIONS) -> None:
        """Connect to *target*; a text is its address. Connections are made when they are first needed."""
        self._target = Target(target) if isinstance(target, str) else target
        source = self._target.aio_source()
        self._spread = Spread([source.lane(turn) for turn in range(connections)], source)
        self._timeout = timeout

    async def decide(self, request: ExchangeRequest, *, timeout: float | None = None) -> Decision:
        """Decide *request*; a DENY is returned, not raised.

        Raises:
            ProtocolError: the service found the request malformed.
            EngineError: no decision was made, none came in time, or (UnusableDecisionError) it is not one that this
                client understands.

        """
        message = wire.request_to_proto(request)
        return answers.decided(await self._call("Decide", message, timeout), request)

    async def decide_batch(
        self, requests: Sequence[ExchangeRequest], *, timeout: float | None = None
    ) -> list[answers.BatchItem]:
        """Decide up to 100 requests, each on its own, in their order; raises as `decide` when none was decided."""
        message = service_pb2.DecideBatchRequest(requests=[wire.request_to_proto(request) for request in requests])
        return answers.decided_each(await self._call("DecideBatch", message, timeout), requests)

    async def explain(self, request: ExchangeRequest, *, timeout: float | None = None) -> Explanation:
        """Decide *request* and say which rules fired; raises as `decide`. Needs the permission `explain`."""
        message = service_pb2.ExplainRequest(request=wire.request_to_proto(request))
        return answers.explained(await self._call("Explain", message, timeout), request)

    async def report_outcome(self, decision_id: str, outcome: Outcome, *, timeout: float | None = None) -> bool:
        """Report what became of a decision; as `DecisionClient.report_outcome`."""
        message = answers.report(decision_id, outcome)
        return bool((await self._call("ReportOutcome", message, timeout)).recorded)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(lane.channel.close(None) for lane in self._spread.end()))

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def _call(self, method: str, message: Any, timeout: float | None) -> Any:
        attempts = Attempts(self._timeout if timeout is None else timeout)
        while True:
            lane = self._spread.take()
            heard: Told = Unsaid.NOTHING
            try:
                call = getattr(lane.stub, method)(message, timeout=attempts.remaining(), metadata=self._target.metadata)
                answer = await call
                heard = told(await call.trailing_metadata())
            except grpc.RpcError as error:
                heard = told_by(error)
                pause = attempts.pause_after(no_decision(error))
            else:
                return answer
            finally:
                for unused in self._spread.give_back(lane, heard):
                    await unused.channel.close(None)
            await asyncio.sleep(pause)
