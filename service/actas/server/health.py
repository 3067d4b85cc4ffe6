"""Health checks, which anybody who reaches the service may ask for, so that they must cost next to nothing."""

from __future__ import annotations

from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]  # missing in the published types

# A watch keeps its service's name for as long as it lasts, and its connection may have hundreds of them: of the longest
# messages, gigabytes.
_LONGEST_NAME: Final = 256


class Health(health_aio.HealthServicer):  # type: ignore[misc]  # untyped in the library
    """`grpc.health.v1.Health`, for services whose names are no longer than names are."""

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:  # noqa: N802 - as the protocol spells it
        """Tell how a service is, now and whenever that changes."""
        if len(request.service) > _LONGEST_NAME:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no service has so long a name")
        await super().Watch(request, context)
