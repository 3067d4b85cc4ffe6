"""Protobuf messages to domain values and back, without loss; refuses what is malformed, by its path.

The only package beside the server and the client that knows the generated stubs.
"""

from actas.wire.bytes import decode
from actas.wire.decision import decision_from_proto, decision_to_proto
from actas.wire.error import error_from_proto, error_to_proto
from actas.wire.request import request_from_proto
from actas.wire.request_message import request_to_proto

__all__ = [
    "decision_from_proto",
    "decision_to_proto",
    "decode",
    "error_from_proto",
    "error_to_proto",
    "request_from_proto",
    "request_to_proto",
]
