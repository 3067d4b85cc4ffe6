"""Reads the members of an exchange document strictly: every one is known, of its type, and there once."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from actas import timestamps
from actas.errors import ProtocolError
from actas.strict_json import RepeatedMembers
from actas.struct_json import is_text

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.#$-]{1,64}")


class Members:
    """One object of a document at *path*. A null member is an absent one.

    Every method raises ProtocolError with the path of the member that is wrong, for example
    `approvals[2].approved_until`; values are never repeated in the message.
    """

    __slots__ = ("_members", "_path", "_taken")

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise ProtocolError(path, "must be an object" if path else "the request must be an object")
        self._members = value
        self._path = path
        self._taken: set[str] = set()
        if isinstance(value, RepeatedMembers):
            raise ProtocolError(self.field(value.repeated), "occurs more than once")

    def field(self, name: Any) -> str:
        """Return the path of member *name*; a name that could disturb a log is not repeated."""
        shown = name if isinstance(name, str) and _PLAIN_NAME.fullmatch(name) else "(unprintable name)"
        return f"{self._path}.{shown}" if self._path else shown

    def value(self, name: str) -> Any:
        """Return any value; None when absent."""
        self._taken.add(name)
        return self._members.get(name)

    def required(self, name: str) -> None:
        """Refuse null for *name*, which is not the same as leaving it out."""
        if name in self._members and self._members[name] is None:
            raise ProtocolError(self.field(name), "must not be null")

    def string(self, name: str) -> str:
        """Return a string; empty when absent."""
        value = self.value(name)
        return "" if value is None else self._string(value, self.field(name))

    def boolean(self, name: str) -> bool:
        """Return a real boolean; false when absent. Nothing else counts as true or false."""
        value = self.value(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ProtocolError(self.field(name), "must be a boolean")
        return value

    def strings(self, name: str) -> tuple[str, ...]:
        """Return an array of strings; empty when absent."""
        field = self.field(name)
        return tuple(self._string(entry, f"{field}[{position}]") for position, entry in enumerate(self.array(name)))

    def array(self, name: str) -> list[Any]:
        """Return an array; empty when absent."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ProtocolError(self.field(name), "must be an array")
        return value

    def object(self, name: str) -> Members | None:
        """Return an object's members; None when absent."""
        value = self.value(name)
        return None if value is None else Members(value, self.field(name))

    def objects(self, name: str) -> list[Members]:
        """Return the members of each object of an array; empty when absent."""
        field = self.field(name)
        return [Members(entry, f"{field}[{position}]") for position, entry in enumerate(self.array(name))]

    def time(self, name: str) -> int | None:
        """Return a moment, given as whole seconds since the epoch or RFC 3339, in seconds; None when absent."""
        value = self.value(name)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                return timestamps.parse(value)
            except ValueError:
                raise ProtocolError(self.field(name), "must be an RFC 3339 date-time") from None
        if not isinstance(value, int) or isinstance(value, bool):
            raise ProtocolError(self.field(name), "must be whole seconds since the epoch or an RFC 3339 date-time")
        if not timestamps.EARLIEST <= value <= timestamps.LATEST:
            raise ProtocolError(self.field(name), "must be between the years 1 and 9999")
        return value

    def blobs(self, name: str) -> tuple[bytes, ...]:
        """Return an array of base64 texts (RFC 4648, section 4), decoded; empty when absent."""
        entries = []
        for position, text in enumerate(self.strings(name)):
            try:
                entries.append(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                raise ProtocolError(f"{self.field(name)}[{position}]", "must be base64") from None
        return tuple(entries)

    def finish(self) -> None:
        """Refuse members that nobody asked for: they could hold a restriction that we do not know."""
        for name in self._members:
            if name not in self._taken:
                raise ProtocolError(self.field(name), "unknown member", reason="UNKNOWN_FIELD")

    @staticmethod
    def _string(value: Any, field: str) -> str:
        if not isinstance(value, str):
            raise ProtocolError(field, "must be a string")
        if not is_text(value):
            raise ProtocolError(field, "a lone surrogate is not text")
        return value
