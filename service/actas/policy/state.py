"""The revocation state from a JSON file: what is revoked, and whether that is known at all.

The file is `{"revocations": [{"kind": …}, …]}`, with the kinds of contract.md, section 3. It is looked at
before every decision, so a revocation counts from the next one on. A file that can't be read, or says
something that nobody here understands, makes the state stale, and policy then denies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from actas import spiffe
from actas.policy.located import unique_members
from actas.request import ExchangeRequest, Token

JsonDict = dict[str, Any]
Text = Annotated[str, Field(min_length=1)]

_log = structlog.get_logger("actas.state")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    event_timestamp: int | float | None = None
    until: int | float | None = None
    reason: str | None = None


class _Subject(_Entry):
    kind: Literal["subject"]
    sub: Text
    iss: Text | None = None


class _Agent(_Entry):
    kind: Literal["agent"]
    id: Text


class _Actor(_Entry):
    kind: Literal["actor"]
    sub: Text
    iss: Text | None = None


class _ActorPrefix(_Entry):
    kind: Literal["actor_prefix"]
    sub: Text


class _Client(_Entry):
    kind: Literal["client"]
    client_id: Text
    authorization_server: Text | None = None


class _Delegation(_Entry):
    kind: Literal["delegation"]
    sub: Text
    actor: Text
    iss: Text | None = None


class _Jti(_Entry):
    kind: Literal["jti"]
    jti: Text
    iss: Text | None = None


_Revocation = Annotated[
    _Subject | _Agent | _Actor | _ActorPrefix | _Client | _Delegation | _Jti, Field(discriminator="kind")
]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    freshness: Literal["fresh", "stale"] = "fresh"
    revocations: list[_Revocation] = []


_DOCUMENT = TypeAdapter(_Document)
# The member that an entry of a kind is looked up by. Agents and actors go with every request: which agent a name
# belongs to, and under which other identities that acts, is the policy's knowledge.
_LOOKED_UP_BY = {
    "subject": "sub",
    "actor_prefix": "sub",
    "client": "client_id",
    "delegation": "sub",
    "jti": "jti",
}


@dataclass(frozen=True, slots=True)
class PolicyState:
    """What one decision knows of revocations: `RevocationView` of the policy input."""

    freshness: str
    version: str
    revocations: list[JsonDict] = field(default_factory=list)


STALE = PolicyState("stale", "unknown")


class RevocationState:
    """All entries of one state, keyed for look-up."""

    def __init__(self, version: str, entries: Iterable[JsonDict], *, freshness: str = "fresh") -> None:
        self._version = version
        self._freshness = freshness
        self._always: list[JsonDict] = []
        self._by_name: dict[tuple[str, str], list[JsonDict]] = {}
        for entry in entries:
            kind = entry["kind"]
            name = entry[_LOOKED_UP_BY[kind]] if kind in _LOOKED_UP_BY else ""
            if not name:
                self._always.append(entry)
            else:
                key = (kind, name.rstrip("/") if kind == "actor_prefix" else name)
                self._by_name.setdefault(key, []).append(entry)

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
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
        entries = [entry.model_dump(exclude_none=True) for entry in parsed.revocations]
        version = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:12]
        return cls(version, entries, freshness=parsed.freshness)

    def lookup(self, request: ExchangeRequest) -> PolicyState:
        """Give the entries that *request* may be touched by; policy decides which of them do."""
        if not self._by_name:
            return PolicyState(self._freshness, self._version, self._always)
        touched = [entry for key in _keys(request) for entry in self._by_name.get(key, ())]
        return PolicyState(self._freshness, self._version, [*self._always, *touched])


class RevocationFile:
    """The state in the file at *path*, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._state: RevocationState | None = None
        self.problem = ""

    def lookup(self, request: ExchangeRequest) -> PolicyState:
        """Give what *request* is touched by, or the stale state. Never raises."""
        try:
            status = self._path.stat()
        except OSError as error:
            self._fail(None, f"cannot be read: {error.strerror}")
            return STALE
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            self._read(seen)
        return STALE if self._state is None else self._state.lookup(request)

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


def _keys(request: ExchangeRequest) -> Iterator[tuple[str, str]]:
    """Give every key that an entry about this request can have, each once."""
    subject = _claims(request.subject_token)
    sub = subject.get("sub")
    names = set(_names(request))
    prefixes = {prefix for name in names for prefix in _prefixes(name)}
    # A claim may be of any type, also one that no set can hold.
    jtis = {jti for claims in (subject, _claims(request.actor_token)) if isinstance(jti := claims.get("jti"), str)}
    if isinstance(sub, str):
        yield from (("subject", sub), ("delegation", sub))
    yield ("client", request.client.client_id)
    yield from (("actor_prefix", prefix) for prefix in sorted(prefixes))
    yield from (("jti", jti) for jti in sorted(jtis))


def _names(request: ExchangeRequest) -> Iterator[str]:
    """Give every name that somebody acts under here: actor, workload, client, and each level of act."""
    yield request.client.client_id
    if request.actor_workload is not None:
        yield request.actor_workload.spiffe_id
    if request.code is not None:
        yield request.code.requested_actor
    for token in (request.subject_token, request.actor_token):
        level: Any = _claims(token)
        while isinstance(level, dict):
            for member in ("sub", "client_id", "azp"):
                if isinstance(level.get(member), str):
                    yield level[member]
            level = level.get("act")


def _prefixes(name: str) -> Iterator[str]:
    identity = spiffe.parse(name)
    if identity is None:
        return
    yield identity.issuer
    yield from (identity.issuer + prefix for prefix in identity.prefixes())


def _claims(token: Token | None) -> JsonDict:
    value = token.claims.value if token is not None and token.claims is not None else None
    return value if isinstance(value, dict) else {}
