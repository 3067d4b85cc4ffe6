"""One step of the story: who asked what, what came out, and what differs from what had to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ALLOW, DENY, NONE, DONE = "allow", "deny", "no decision", "done"


@dataclass(frozen=True, slots=True)
class Held:
    """A token that somebody holds. The token itself is in no repr: it would end up in a traceback."""

    token: str = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)
    chain: tuple[str, ...]
    label: str

    @property
    def id(self) -> str:
        """Its `jti`."""
        return str(self.claims["jti"])

    @property
    def scope(self) -> tuple[str, ...]:
        """Its scope."""
        return tuple(sorted(str(self.claims["scope"]).split()))

    @property
    def lifetime(self) -> int:
        """How long it was issued for, in seconds."""
        return int(self.claims["exp"]) - int(self.claims["iat"])


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come out of an exchange."""

    answer: str
    status: int = 200
    error: str = ""
    code: str = ""
    obligation: str = ""
    scope: str = ""
    lifetime: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was taken. *facts* go into the JSON document; *lines* are shown below the step."""

    number: int
    title: str
    chain: tuple[str, ...]
    asked: str
    answer: str
    outcome: str
    problems: tuple[str, ...] = ()
    lines: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    came_from: Held | None = None
    holds: Held | None = None

    def to_document(self) -> dict[str, Any]:
        """Give the step as JSON-ready values."""
        return {
            "step": self.number,
            "title": self.title,
            "chain": list(self.chain),
            "asked": self.asked,
            "answer": self.answer,
            "outcome": self.outcome,
            **self.facts,
            "as_expected": not self.problems,
            "problems": list(self.problems),
        }


def differences(**pairs: tuple[Any, Any]) -> tuple[str, ...]:
    """Say of each name how what was found differs from what was wanted; each pair is (wanted, found)."""
    return tuple(f"{name} is {found!r}, not {wanted!r}" for name, (wanted, found) in pairs.items() if found != wanted)
