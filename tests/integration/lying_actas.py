"""A gRPC server between Keycloak and the real Actas: it passes every question on, and may change the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc

from actas.decision.v1 import service_pb2

METHOD = "/actas.decision.v1.DecisionService/Decide"
DEADLINE_SECONDS = 10.0

# What it makes of an answer: another message, or bytes to send as they are. Gets the answer before it, too.
Lie = Callable[[service_pb2.DecideResponse, service_pb2.DecideResponse | None], service_pb2.DecideResponse | bytes]


def raw(data: bytes) -> bytes:
    """Leave a message as it came."""
    return data


class LyingActas:
    """Listens where Keycloak expects Actas, and asks the Actas at *truth*. Without a lie it is only a detour."""

    def __init__(
        self,
        truth: str,
        listen: str = "127.0.0.1:0",
        credentials: grpc.ServerCredentials | None = None,
        *,
        worker: str = "",
    ) -> None:
        """Listen on *listen*, with *credentials* over TLS; as the *worker* of several on one port where it is named."""
        self.lie: Lie | None = None
        self.asked = self.lied = 0
        self.metadata: list[str] = []
        """The names of the metadata of the last question: their values may be secrets."""
        self._before: service_pb2.DecideResponse | None = None
        self._channel = grpc.insecure_channel(truth)
        self._truth = self._channel.unary_unary(METHOD, raw, service_pb2.DecideResponse.FromString)
        self._trailing = (("actas-worker", worker),) if worker else ()
        # Two servers on one port each get some of the connections, which only workers want.
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", int(bool(worker)))])
        self._server.add_generic_rpc_handlers((self._handler(),))
        port = (
            self._server.add_insecure_port(listen)
            if credentials is None
            else self._server.add_secure_port(listen, credentials)
        )
        self.address = f"127.0.0.1:{port}"

    def __enter__(self) -> Self:
        """Serve."""
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop at once."""
        self._server.stop(0).wait()
        self._channel.close()

    def _handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        service, method = METHOD.strip("/").split("/")
        handler = grpc.unary_unary_rpc_method_handler(self._decide, raw, raw)
        return grpc.method_handlers_generic_handler(service, {method: handler})

    def _decide(self, question: bytes, context: grpc.ServicerContext) -> bytes:
        self.asked += 1
        context.set_trailing_metadata(self._trailing)
        given: Iterable[tuple[str, Any]] = context.invocation_metadata()
        self.metadata = [name for name, _ in given]
        try:
            answer = self._truth(question, timeout=DEADLINE_SECONDS)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details() or "")
        if self.lie is None:
            self._before = answer
            return bytes(answer.SerializeToString())
        changed = self.lie(service_pb2.DecideResponse.FromString(answer.SerializeToString()), self._before)
        self.lied += 1
        return changed if isinstance(changed, bytes) else bytes(changed.SerializeToString())
