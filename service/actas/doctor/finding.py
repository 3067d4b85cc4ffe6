"""What a check found, and what to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"  # it works, but a trap is open
    FAIL = "fail"  # the protection is undone, or exchanges cannot work


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to change: where in the admin console, and the same as a command or as server configuration."""

    console: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of *check*, named `group.what`; *subject* is the client, profile or policy that it is about."""

    check: str
    level: Level
    message: str
    subject: str = ""
    remedy: Remedy = field(default_factory=Remedy)

    @property
    def group(self) -> str:
        """What the finding is listed under."""
        return self.check.partition(".")[0]

    def to_document(self) -> dict[str, Any]:
        """Write it for a program."""
        remedy = {"console": self.remedy.console, "command": self.remedy.command}
        return {
            "check": self.check,
            "level": str(self.level),
            "subject": self.subject,
            "message": self.message,
            "remedy": {name: text for name, text in remedy.items() if text},
        }


def ok(check: str, message: str, subject: str = "") -> Finding:
    """Say that *check* holds."""
    return Finding(check, Level.OK, message, subject)


def warn(check: str, message: str, remedy: Remedy | None = None, subject: str = "") -> Finding:
    """Say that *check* found a trap."""
    return Finding(check, Level.WARN, message, subject, remedy or Remedy())


def fail(check: str, message: str, remedy: Remedy | None = None, subject: str = "") -> Finding:
    """Say that *check* found the protection undone, or exchanges that cannot work."""
    return Finding(check, Level.FAIL, message, subject, remedy or Remedy())


def unless_any(problems: Iterable[Finding], check: str, message: str) -> list[Finding]:
    """Give *problems*, or where there are none, that *check* holds."""
    return list(problems) or [ok(check, message)]
