"""What the clients of `actas.admin.v1` have in common: one connection, and errors as sentences."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import grpc

from actas.client.channels import Target
from actas.client.errors import no_decision
from actas.errors import EngineError


class AdminClient:
    """Asks one service on one connection; every call raises ProtocolError or EngineError."""

    STUB: ClassVar[type[Any]]
    """What makes the methods of the service on a connection."""

    def __init__(self, target: Target | str, *, timeout: float = 10.0) -> None:
        """Connect to *target*, when that is first needed; a call may take *timeout* seconds."""
        self._target = Target(target) if isinstance(target, str) else target
        self._channel = self._target.source().lane(0).channel
        self._stub = self.STUB(self._channel)
        self._timeout = timeout

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def _call(self, method: str, asked: Any) -> Any:
        try:
            return getattr(self._stub, method)(asked, timeout=self._timeout, metadata=self._target.metadata)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                raise EngineError(
                    "the service was started without a store (its setting receipts), so it has nothing of the kind",
                    reason="NO_STORE",
                ) from None
            raise no_decision(error) from None
