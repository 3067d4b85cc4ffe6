"""The synchronous client."""

from __future__ import annotations

import time
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
from actas.client.spread import Lane, Spread
from actas.client.stubs import stub_of
from actas.decision import Decision
from actas.decision.v1 import service_pb2
from actas.receipts.outcome import Outcome
from actas.request import ExchangeRequest


class DecisionClient:
    """Asks Actas for decisions. Whatever it raises means that the exchange must be refused.

    Safe to use from several threads. *timeout* is the seconds that a call may take in all, retries included.
    """

    def __init__(self, target: Target | str, *, timeout: float = 1.0, connections: int = CONNECTIONS) -> None:
        """Connect to *target*; a text is its address. Connections are made when they are first needed."""
        self._target = Target(target) if isinstance(target, str) else target
        source = self._target.source()
        self._spread = Spread([source.lane(turn) for turn in range(connections)], source)
        self._timeout = timeout

    @classmethod
    def over(cls, channels: Sequence[grpc.Channel], *, token: str = "", timeout: float = 1.0) -> Self:
        """Use *channels* that are there already, and stay the caller's to secure."""
        client = cls.__new__(cls)
        client._target = Target("localhost:0", token)
        client._spread = Spread([Lane(channel, stub_of(channel)) for channel in channels])
        client._timeout = timeout
        return client

    def decide(self, request: ExchangeRequest, *, timeout: float | None = None) -> Decision:
        """Decide *request*; a DENY is returned, not raised.

        Raises:
            ProtocolError: the service found the request malformed.
            EngineError: no decision was made, none came in time, or (UnusableDecisionError) it is not one that this
                client understands.

        """
        message = wire.request_to_proto(request)
        return answers.decided(self._call("Decide", message, timeout), request)

    def decide_batch(
        self, requests: Sequence[ExchangeRequest], *, timeout: float | None = None
    ) -> list[answers.BatchItem]:
        """Decide up to 100 requests, each on its own, in their order; raises as `decide` when none was decided."""
        message = service_pb2.DecideBatchRequest(requests=[wire.request_to_proto(request) for request in requests])
        return answers.decided_each(self._call("DecideBatch", message, timeout), requests)

    def explain(self, request: ExchangeRequest, *, timeout: float | None = None) -> Explanation:
        """Decide *request* and say which rules fired; raises as `decide`. Needs the permission `explain`."""
        message = service_pb2.ExplainRequest(request=wire.request_to_proto(request))
        return answers.explained(self._call("Explain", message, timeout), request)

    def report_outcome(self, decision_id: str, outcome: Outcome, *, timeout: float | None = None) -> bool:
        """Report what became of a decision, and say whether any of it is new; reporting again is safe.

        Raises:
            ProtocolError: the service found the report malformed.
            EngineError: it is not known to be recorded. Its `status` is NOT_FOUND where there is no such decision
                (yet), ALREADY_EXISTS where another outcome was reported, or the decision was a DENY.

        """
        message = answers.report(decision_id, outcome)
        return bool(self._call("ReportOutcome", message, timeout).recorded)

    def close(self) -> None:
        """Close the connections."""
        for lane in self._spread.end():
            lane.channel.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def _call(self, method: str, message: Any, timeout: float | None) -> Any:
        attempts = Attempts(self._timeout if timeout is None else timeout)
        while True:
            lane = self._spread.take()
            heard: Told = Unsaid.NOTHING
            try:
                answer, call = getattr(lane.stub, method).with_call(
                    message, timeout=attempts.remaining(), metadata=self._target.metadata
                )
                heard = told(call.trailing_metadata())
            except grpc.RpcError as error:
                heard = told_by(error)
                pause = attempts.pause_after(no_decision(error))
            else:
                return answer
            finally:
                for unused in self._spread.give_back(lane, heard):
                    unused.channel.close()
            time.sleep(pause)
