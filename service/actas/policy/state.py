"""The revocation state of a decision: what is revoked, and whether that is known at all.

`RevocationFile` has it from a JSON file, `{"revocations": [{"kind": …}, …]}`, with the kinds of contract.md,
section 3. It is looked at before every decision, so a revocation counts from the next one on. A file that can't be
read, or says something that nobody here understands, makes the state stale, and policy then denies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from actas.policy.located import unique_members
from actas.request import ExchangeRequest
from actas.revocation.entry import Revocation, told
from actas.revocation.index import RevocationIndex
from actas.revocation.names import Agents
from actas.revocation.view import STALE, StateView

JsonDict = dict[str, Any]

_log = structlog.get_logger("actas.state")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    freshness: Literal["fresh", "stale"] = "fresh"
    revocations: list[Revocation] = []


_DOCUMENT = TypeAdapter(_Document)


class RevocationState:
    """All entries of one state that does not change."""

    problem = ""

    def __init__(self, version: str, entries: Iterable[JsonDict], *, freshness: str = "fresh") -> None:
        self._version = version
        self._freshness = freshness
        self._index = RevocationIndex(entries)

    @classmethod
    def fresh(cls) -> RevocationState:
        """Give the state of a service that was given no file: nothing is revoked."""
        return cls("none", ())

    @classmethod
    def from_document(cls, document: Any) -> RevocationState:
        """Read a state document; raises ValueError with a sentence that names the entry and member."""
        try:
            parsed = _DOCUMENT.validate_python(document)
        except ValidationError as error:
            raise ValueError(told(error)) from None
        entries = [entry.model_dump(exclude_none=True) for entry in parsed.revocations]
        version = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:12]
        return cls(version, entries, freshness=parsed.freshness)

    def lookup(self, request: ExchangeRequest, agents: Agents | None = None) -> StateView:
        """Give the entries that *request* may be touched by; policy decides which of them do."""
        return StateView(self._freshness, self._version, self._index.touched(request, agents))


class RevocationFile:
    """The state in the file at *path*, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._state: RevocationState | None = None
        self.problem = ""

    def lookup(self, request: ExchangeRequest, agents: Agents | None = None) -> StateView:
        """Give what *request* is touched by, or the stale state. Never raises."""
        try:
            status = self._path.stat()
        except OSError as error:
            self._fail(None, f"cannot be read: {error.strerror}")
            return STALE
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            self._read(seen)
        return STALE if self._state is None else self._state.lookup(request, agents)

    def _read(self, seen: tuple[int, ...]) -> None:
        try:
            text = self._path.read_text(encoding="utf-8")
            state = RevocationState.from_document(json.loads(text, object_pairs_hook=unique_members))
        except OSError as error:
            self._fail(seen, f"cannot be read: {error.strerror}")
        except (ValueError, RecursionError) as error:
            self._fail(seen, str(error))
        else:
            self._seen, self._state, self.problem = seen, state, ""

    def _fail(self, seen: tuple[int, ...] | None, problem: str) -> None:
        if problem != self.problem:  # once, not with every decision
            _log.error("revocation_state_stale", file=str(self._path), problem=problem)
        self._seen, self._state, self.problem = seen, None, problem
