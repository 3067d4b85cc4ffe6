"""One step of the story: what is asked or done, what must come out, and what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actas.decision import Decision
from actas.decision_document import decision_to_document
from actas.errors import ActasError
from actas.request import ExchangeRequest

ALLOW, DENY, REFUSED, DONE = "ALLOW", "DENY", "NO DECISION", "DONE"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come out. What is not stated is not compared; *lifetime* is in seconds."""

    answer: str
    code: str = ""
    obligation: str = ""
    scope: str | None = None
    lifetime: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has been asked."""

    number: int
    title: str
    request: ExchangeRequest
    expected: Expected
    decision: Decision | None = None
    error: ActasError | None = None

    @property
    def answer(self) -> str:
        """ALLOW, DENY, or that no decision was made, which a caller treats as a refusal."""
        return self.decision.effect.value if self.decision is not None else REFUSED

    @property
    def code(self) -> str:
        """Why not: the primary code; empty when it was allowed."""
        return self.decision.denials[0].code if self.decision is not None and self.decision.denials else ""

    @property
    def obligation(self) -> str:
        """What must happen before a retry can succeed; empty when nothing would help, or nothing is needed."""
        offered = self.decision.obligations if self.decision is not None else ()
        return offered[0].type if offered else ""

    @property
    def problems(self) -> Sequence[str]:
        """How it came out differently from what was expected; empty when it did not."""
        limits = self.decision.limits if self.decision is not None else None
        wanted = self.expected
        compared: list[tuple[str, Any, Any]] = [
            ("answer", wanted.answer, self.answer),
            ("code", wanted.code, self.code),
            ("obligation", wanted.obligation, self.obligation),
        ]
        if wanted.scope is not None:
            compared.append(("scope", wanted.scope, " ".join(limits.scope) if limits else ""))
        if wanted.lifetime is not None:
            compared.append(("lifetime", wanted.lifetime, limits.max_lifetime_seconds if limits else 0))
        return [f"{name} is {found!r}, not {want!r}" for name, want, found in compared if found != want]

    @property
    def chain(self) -> list[str]:
        """Who acts for whom, by short names, the user first."""
        subject = self.request.subject_token
        claims = subject.claims.value if subject is not None and subject.claims is not None else {}
        names, act = [], claims.get("act")
        while isinstance(act, dict):
            names.append(short(act["sub"]))
            act = act.get("act")
        return [claims["sub"], *reversed(names), self.request.client.client_id]

    @property
    def target(self) -> str:
        """The target by its short name."""
        return short(self.request.resource[0])

    def to_document(self) -> dict[str, Any]:
        """Give the step as JSON-ready values."""
        document: dict[str, Any] = {
            "step": self.number,
            "title": self.title,
            "chain": self.chain,
            "target": self.request.resource[0],
            "scope": self.request.scope,
            "requested_lifetime": self.request.requested_lifetime,
            "answer": self.answer,
            "as_expected": not self.problems,
        }
        if self.decision is not None:
            document["decision"] = decision_to_document(self.decision)
        if self.error is not None:
            document["error"] = {"status": str(self.error.status), "message": str(self.error)}
        return document


@dataclass(frozen=True, slots=True)
class Deed:
    """A step without an exchange: *what* was done, with what it printed and what went wrong."""

    number: int
    title: str
    what: str
    lines: Sequence[str] = ()
    problems: Sequence[str] = ()

    def to_document(self) -> dict[str, Any]:
        """Give the step as JSON-ready values."""
        return {
            "step": self.number,
            "title": self.title,
            "what": self.what,
            "answer": DONE,
            "output": list(self.lines),
            "as_expected": not self.problems,
        }


def short(name: str) -> str:
    """Shorten a SPIFFE ID to its last segment, and a resource to the first label of its host."""
    if name.startswith("spiffe://"):
        return name.rpartition("/")[2]
    return name.removeprefix("https://").partition(".")[0]
