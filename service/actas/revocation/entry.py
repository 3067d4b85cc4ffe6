"""One revocation: whom it names, from when and until when (contract.md, section 3)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from actas import spiffe

JsonDict = dict[str, Any]
Text = Annotated[str, Field(min_length=1, max_length=2048)]
# What an entry says besides whom it names.
ABOUT = frozenset({"until", "event_timestamp", "reason"})


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    event_timestamp: int | float | None = None
    until: int | float | None = None
    reason: str | None = None


class Subject(_Entry):
    """A user; with `sid` one session of that user. Tokens of a later login are not touched."""

    kind: Literal["subject"]
    sub: Text
    iss: Text | None = None
    sid: Text | None = None


class Session(_Entry):
    """A session, whoever's it is."""

    kind: Literal["session"]
    sid: Text
    iss: Text | None = None


class Agent(_Entry):
    """An agent of the registry, under all its identities, at every level of a chain."""

    kind: Literal["agent"]
    id: Text


class Actor(_Entry):
    """Whoever acts under this name, and the agent that has it."""

    kind: Literal["actor"]
    sub: Text
    iss: Text | None = None


class ActorPrefix(_Entry):
    """Every workload below this SPIFFE ID, by whole segments of its path."""

    kind: Literal["actor_prefix"]
    sub: Text


class Client(_Entry):
    """An OAuth client."""

    kind: Literal["client"]
    client_id: Text
    authorization_server: Text | None = None


class Delegation(_Entry):
    """What one subject lets one actor do."""

    kind: Literal["delegation"]
    sub: Text
    actor: Text
    iss: Text | None = None


class Jti(_Entry):
    """One token."""

    kind: Literal["jti"]
    jti: Text
    iss: Text | None = None


class Chain(_Entry):
    """Every token that descends from one decision, which all of them name as `txn`."""

    kind: Literal["chain"]
    txn: Text


class Claims(_Entry):
    """New values of claims: a token from before that says otherwise is out of date."""

    kind: Literal["claims"]
    claims: Annotated[dict[str, JsonValue], Field(min_length=1)]
    sub: Text | None = None
    jti: Text | None = None
    iss: Text | None = None

    @model_validator(mode="after")
    def _names_a_token(self) -> Self:
        if self.sub is None and self.jti is None:
            raise ValueError("needs a sub or a jti")
        return self


Revocation = Annotated[
    Subject | Session | Agent | Actor | ActorPrefix | Client | Delegation | Jti | Chain | Claims,
    Field(discriminator="kind"),
]
KINDS = tuple(
    get_args(kind.model_fields["kind"].annotation)[0]
    for kind in (Subject, Session, Agent, Actor, ActorPrefix, Client, Delegation, Jti, Chain, Claims)
)
"""Every kind that there is."""
_REVOCATION: TypeAdapter[Revocation] = TypeAdapter(Revocation)


def parse(document: Any) -> JsonDict:
    """Read one entry; raises ValueError with a sentence that names the member."""
    try:
        return _REVOCATION.validate_python(document).model_dump(exclude_none=True)
    except ValidationError as error:
        raise ValueError(told(error)) from None


def parse_named(document: Any) -> JsonDict:
    """Read what names entries, to find them again: of changed claims the new values may be left out."""
    if isinstance(document, dict) and document.get("kind") == "claims" and "claims" not in document:
        entry = parse({**document, "claims": {"": None}})
        del entry["claims"]
        return entry
    return parse(document)


def require_effect(entry: Mapping[str, Any], now: float) -> None:
    """Raise ValueError with a sentence where *entry* would revoke nobody, whoever asks, from *now* on.

    Whoever revokes is told that it is in force: a slip must not be answered so. What is in the log stays readable.
    """
    if entry.get("until", now + 1) <= now:
        raise ValueError("until: is over already, so that nothing would be revoked")
    if entry["kind"] == "actor_prefix" and spiffe.parse(entry["sub"].rstrip("/")) is None:
        raise ValueError(
            "sub: is no SPIFFE ID or trust domain, as spiffe://example.org/agent, so that nobody is below it"
        )


def told(error: ValidationError) -> str:
    """Say what the first mistake is and where, without the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def named(entry: Mapping[str, Any]) -> JsonDict:
    """Give the members by which *entry* names somebody."""
    return {member: value for member, value in entry.items() if member not in ABOUT}


def target(entry: Mapping[str, Any]) -> str:
    """Say whom *entry* names, as the text that is the same for all entries about the same."""
    return json.dumps(named(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def covers(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether *one* revokes whatever *other* does; both name the same."""
    return all(one.get(end, math.inf) >= other.get(end, math.inf) for end in ("until", "event_timestamp"))
