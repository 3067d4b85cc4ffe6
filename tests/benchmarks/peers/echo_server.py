"""`echo_server.py ANSWER`: reads each DecideRequest and sends the DecideResponse of the file, and nothing else.

The same library, event loop and messages as Actas, so what Actas costs beyond this is its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvloop
from grpc import aio

from actas.decision.v1 import service_pb2, service_pb2_grpc


class Echo(service_pb2_grpc.DecisionServiceServicer):
    """Answers every request alike."""

    def __init__(self, answer: service_pb2.DecideResponse) -> None:
        self._answer = answer

    async def Decide(self, *_: object) -> service_pb2.DecideResponse:  # noqa: N802 - the contract's name
        """Give the fixed answer; gRPC has parsed the request."""
        return self._answer


async def serve(answer: service_pb2.DecideResponse) -> None:
    """Serve until the process is ended, and print the address first."""
    server = aio.server()
    service_pb2_grpc.add_DecisionServiceServicer_to_server(Echo(answer), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve(service_pb2.DecideResponse.FromString(Path(sys.argv[1]).read_bytes())))
