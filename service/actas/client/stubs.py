"""The methods of the services that a client calls, on one connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from actas.admin.v1 import receipts_pb2_grpc
from actas.decision.v1 import service_pb2_grpc


def stub_of(channel: Any) -> SimpleNamespace:
    """Give the methods of the decision service and of the receipt service on *channel*, by their names."""
    decisions, receipts = service_pb2_grpc.DecisionServiceStub(channel), receipts_pb2_grpc.ReceiptServiceStub(channel)
    return SimpleNamespace(**vars(decisions), **vars(receipts))
