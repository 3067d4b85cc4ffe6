"""Message bytes to messages; names the field when the bytes are not what the contract says."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from actas.errors import ProtocolError

_Message = TypeVar("_Message", bound=Message)

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def decode(kind: type[_Message], data: bytes) -> _Message:
    """Parse *data* as a message of *kind*.

    Raises ProtocolError: naming the field for text that is not UTF-8, without a field for bytes that are
    no protobuf at all.
    """
    try:
        return kind.FromString(data)
    except DecodeError:
        field = _not_utf8(kind.DESCRIPTOR, data, "")
    if field:
        raise ProtocolError(field, "not valid UTF-8")
    raise ProtocolError("", f"not a {kind.DESCRIPTOR.full_name} message")


def _not_utf8(descriptor: Any, data: bytes, prefix: str) -> str:
    """Return the path of the first text in *data* that is not UTF-8; empty when there is none.

    Only runs for a message that did not parse. Its own depth is that of the contract's types, which do
    not nest in themselves except in a Struct, and that is not entered.
    """
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire_type = key >> 3, key & 7
        if wire_type != _BYTES:
            position = _skip(data, position, wire_type)
            continue
        length, position = _varint(data, position)
        content, position = data[position : position + length], position + length
        field = descriptor.fields_by_number.get(number)
        if field is None:
            continue
        path = f"{prefix}{field.name}"
        if field.type == FieldDescriptor.TYPE_STRING and not _is_utf8(content):
            return path
        if field.message_type is not None and field.message_type.file.package == descriptor.file.package:
            inner = _not_utf8(field.message_type, content, f"{path}.")
            if inner:
                return inner
    return ""


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 64:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    return value, len(data)


def _skip(data: bytes, position: int, wire_type: int) -> int:
    if wire_type == _VARINT:
        return _varint(data, position)[1]
    if wire_type == _FIXED64:
        return position + 8
    return position + 4 if wire_type == _FIXED32 else len(data)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
