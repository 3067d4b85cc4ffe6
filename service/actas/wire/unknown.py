"""Refuses messages with fields that this version does not know (contract.md, section 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from actas.errors import ProtocolError


def refuse_unknown(message: Message) -> int:
    """Raise ProtocolError naming an unknown field anywhere in *message*; return its size in bytes.

    Asking every submessage costs twice as much as letting the runtime drop the unknown fields and
    comparing sizes; only when something was dropped are they looked for.
    """
    data = message.SerializeToString()
    message.DiscardUnknownFields()
    if message.ByteSize() != len(data):
        message.ParseFromString(data)
        path = next(_unknown(message, ""))
        raise ProtocolError(path, "unknown field", reason="UNKNOWN_FIELD")
    return len(data)


def _unknown(message: Message, prefix: str) -> Iterator[str]:
    unknown = UnknownFieldSet(message)
    for position in range(len(unknown)):
        yield f"{prefix}#{unknown[position].field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        path = f"{prefix}{descriptor.name}"
        if isinstance(value, Message):
            yield from _unknown(value, f"{path}.")
        elif isinstance(value, Mapping):
            for entry in value.values():
                yield from _unknown(entry, f"{path}.")
        else:
            for position, entry in enumerate(value):
                yield from _unknown(entry, f"{path}[{position}].")
