"""The WebAssembly binary format (core specification, section 5) as far as functions are concerned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import wasmtime

HEADER = b"\x00asm\x01\x00\x00\x00"
CUSTOM, TYPE, IMPORT, FUNCTION, GLOBAL, CODE = 0, 1, 2, 3, 6, 10
_FUNCTION_NAMES = 1
_FUNC_TYPE, _IMPORTED_FUNCTION = 0x60, 0
# What follows the kind of an import that is no function: a table's, a memory's, or a global's type.
_TABLE, _GLOBAL = 1, 3
_I32 = b"\x7f"


@dataclass
class Reader:
    """Reads *data* from *at* on; raises IndexError where it ends too soon."""

    data: bytes
    at: int = 0

    def byte(self) -> int:
        """Read one byte."""
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """Read an unsigned LEB128."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def bytes(self) -> bytes:
        """Read a vector of bytes."""
        length = self.number()
        self.at += length
        if self.at > len(self.data):
            raise IndexError("cut off")
        return self.data[self.at - length : self.at]


def number(value: int) -> bytes:
    """Write an unsigned LEB128."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def signed(value: int) -> bytes:
    """Write a signed LEB128; *value* is not negative."""
    # One more bit than there are says that it is not negative.
    written = number(value)
    return written if written[-1] < 0x40 else bytes([*written[:-1], written[-1] | 0x80, 0])


def vector(items: list[bytes]) -> bytes:
    """Write *items* after their count."""
    return number(len(items)) + b"".join(items)


def sections(module: bytes) -> list[tuple[int, bytes]]:
    """Split *module* into its sections; raises ValueError when it is none."""
    if not module.startswith(HEADER):
        raise ValueError("not a WebAssembly module")
    reader, found = Reader(module, len(HEADER)), []
    while reader.at < len(module):
        found.append((reader.byte(), reader.bytes()))
    return found


def joined(parts: list[tuple[int, bytes]]) -> bytes:
    """Put sections together again."""
    return HEADER + b"".join(bytes([kind]) + number(len(content)) + content for kind, content in parts)


def parameter_counts(types: bytes) -> list[int]:
    """Give the number of parameters of each function type."""
    reader, counts = Reader(types), []
    for _ in range(reader.number()):
        if reader.byte() != _FUNC_TYPE:
            raise ValueError("a type of another kind")
        counts.append(len(reader.bytes()))
        reader.bytes()
    return counts


def one_to_one(types: bytes) -> int:
    """Give the number of the type of functions from one 32-bit integer to one; raises IndexError without any."""
    reader = Reader(types)
    for at in range(reader.number()):
        reader.byte()
        if [reader.bytes(), reader.bytes()] == [_I32, _I32]:
            return at
    raise IndexError("no such type")


def two_more_globals(defined: bytes) -> bytes:
    """Add two variable 32-bit integers, zero at first, after those that a module without imported ones defines."""
    reader = Reader(defined)
    count = reader.number()
    # Type, variable, and the expression `i32.const 0`.
    return number(count + 2) + defined[reader.at :] + bytes([0x7F, 1, 0x41, 0, 0x0B]) * 2


def import_numbers(imports: bytes) -> dict[str, int]:
    """Number the imports by name, as far as they are functions: OPA imports its memory last."""
    reader = Reader(imports)
    found: dict[str, int] = {}
    for at in range(reader.number()):
        reader.bytes()
        name = reader.bytes().decode()
        if reader.byte() != _IMPORTED_FUNCTION:
            break
        found[name] = at
        reader.number()
    return found


def imported_functions(imports: bytes) -> int:
    """Count the functions that come before the module's own."""
    reader, count = Reader(imports), 0
    for _ in range(reader.number()):
        reader.bytes(), reader.bytes()
        kind = reader.byte()
        if kind == _IMPORTED_FUNCTION:
            count += 1
            reader.number()
        elif kind == _GLOBAL:
            reader.at += 2
        else:
            reader.at += kind == _TABLE
            for _ in range(1 + (reader.byte() & 1)):
                reader.number()
    return count


def function_names(custom: bytes) -> Iterator[tuple[str, int]]:
    """Give name and index of every function, if *custom* is the name section."""
    reader = Reader(custom)
    if reader.bytes() != b"name":
        return
    while reader.at < len(custom):
        kind, content = reader.byte(), Reader(reader.bytes())
        if kind == _FUNCTION_NAMES:
            for _ in range(content.number()):
                index = content.number()
                yield content.bytes().decode(), index


def body(text: str) -> bytes:
    """Give the body of the one function of a module in text."""
    parts = dict(sections(bytes(wasmtime.wat2wasm(text))))
    reader = Reader(parts[CODE])
    reader.number()
    return reader.bytes()
