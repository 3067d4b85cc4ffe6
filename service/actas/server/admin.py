"""The services beside the decisions, hosted where there is a store: what was recorded, and what is revoked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from actas.config import Config
from actas.policy.data import PolicyData
from actas.server.doorway import Doorway
from actas.server.receipts import Books
from actas.server.revocations import Revocations


def services(
    books: Books, revocations: Revocations, config: Config, data: Callable[[], PolicyData | None]
) -> dict[str, grpc.GenericRpcHandler[Any, Any]]:
    """Give their handlers by full name; *data* gives that of the revision that serves."""
    hosted: dict[str, grpc.GenericRpcHandler[Any, Any]] = {}
    doorway = Doorway(config.limits, config.default_timeout, config.max_timeout)
    store, feed, reports = books.store, revocations.feed, books.reports
    if store is not None and feed is not None:
        from actas.server import revocation_service  # noqa: PLC0415 - SQLAlchemy is slow to load

        hosted[revocation_service.SERVICE] = revocation_service.RevocationServicer(
            feed, store, doorway, data=data, audience=config.audience
        ).handler()
    if store is not None and reports is not None:
        from actas.server import receipt_service  # noqa: PLC0415 - SQLAlchemy is slow to load

        hosted[receipt_service.SERVICE] = receipt_service.ReceiptServicer(store.database, reports, doorway).handler()
    return hosted
