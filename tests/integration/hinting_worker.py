"""One of several workers, as a process: a real gRPC server that names itself in each answer.

    python hinting_worker.py ADDRESS HINT SECONDS

It denies what it is asked, after SECONDS, with its process id as the decision's id, and sends HINT where that is not
empty. Workers share a port by SO_REUSEPORT, which is what gRPC does by itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import uvloop
from grpc import aio

from actas.decision.v1 import decision_pb2, service_pb2, service_pb2_grpc


class Worker(service_pb2_grpc.DecisionServiceServicer):
    """Denies everything."""

    def __init__(self, hint: str, seconds: float) -> None:
        """Choose how it answers."""
        self._trailing = (("actas-worker", hint),) if hint else ()
        self._seconds = seconds

    async def Decide(self, request: Any, context: Any) -> service_pb2.DecideResponse:  # noqa: N802 - gRPC's name
        """Answer as the module says."""
        context.set_trailing_metadata(self._trailing)
        if self._seconds:
            await asyncio.sleep(self._seconds)
        decision = decision_pb2.Decision(
            decision_id=str(os.getpid()),
            request_id=request.request_id,
            effect=decision_pb2.EFFECT_DENY,
            error="access_denied",
            denials=[decision_pb2.Denial(code="MAY_ACT_MISMATCH", rule="may_act", reason="no proof")],
            policy=decision_pb2.PolicyRef(revision="rev-1"),
            evaluated_at={"seconds": 1_000},
            valid_until={"seconds": 1_005},
        )
        return service_pb2.DecideResponse(decision=decision)


async def serve(address: str, hint: str, seconds: float) -> None:
    """Serve until SIGTERM, and say when it listens."""
    server = aio.server()
    add: Any = service_pb2_grpc.add_DecisionServiceServicer_to_server
    add(Worker(hint, seconds), server)
    server.add_insecure_port(address)
    await server.start()
    sys.stdout.write("listens\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(5)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
