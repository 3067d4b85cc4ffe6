"""All entries of one state, keyed for look-up: a decision costs the same, however many there are."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Any

from actas import claims_grammar
from actas.request import ExchangeRequest
from actas.revocation import names
from actas.revocation.entry import covers, named, target
from actas.revocation.names import Agents

JsonDict = dict[str, Any]
Key = tuple[str, str]
# The member that an entry of a kind is looked up by.
_LOOKED_UP_BY = {
    "subject": "sub",
    "session": "sid",
    "agent": "id",
    "actor": "sub",
    "actor_prefix": "sub",
    "client": "client_id",
    "delegation": "sub",
    "jti": "jti",
    "chain": "txn",
    "claims": "sub",
}
_OF_AGENTS = ("agent", "actor")


class RevocationIndex:
    """Entries that come and go. Tuples of plain dicts: the garbage collector leaves these alone."""

    def __init__(self, entries: Iterable[JsonDict] = ()) -> None:
        """Begin with *entries*, which are valid."""
        self._by_key: dict[Key, tuple[JsonDict, ...]] = {}
        self._size = dict.fromkeys(_LOOKED_UP_BY, 0)
        self._ends: list[tuple[float, str, Key]] = []
        self._last_chain: JsonDict | None = None
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        """Count the entries, with those that have ended and are not forgotten yet."""
        return sum(self._size.values())

    def __iter__(self) -> Iterator[JsonDict]:
        """Give all entries."""
        for entries in self._by_key.values():
            yield from entries

    def add(self, entry: JsonDict) -> None:
        """Add *entry*, unless another about the same revokes as much."""
        key, about = key_of(entry), target(entry)
        others = self._by_key.get(key, ())
        alike = [other for other in others if target(other) == about]
        if any(covers(other, entry) for other in alike):
            return
        kept = [other for other in others if other not in alike or not covers(entry, other)]
        self._put(key, (*kept, entry))
        if "until" in entry:
            heapq.heappush(self._ends, (entry["until"], about, key))

    def remove(self, restored: JsonDict) -> None:
        """Forget every entry about the same as *restored*."""
        key, about = key_of(restored), target(restored)
        self._put(key, tuple(entry for entry in self._by_key.get(key, ()) if target(entry) != about))

    def having(self, wanted: JsonDict) -> list[JsonDict]:
        """Give the entries that have every member by which *wanted* names somebody."""
        members = named(wanted).items()
        return [entry for entry in self._by_key.get(key_of(wanted), ()) if members <= entry.items()]

    def forget_ended(self, now: float) -> None:
        """Forget what ended before *now*, in seconds since the epoch. Policy heeds nothing that has ended anyway."""
        while self._ends and self._ends[0][0] < now:
            key = heapq.heappop(self._ends)[2]
            entries = self._by_key.get(key, ())
            self._put(key, tuple(entry for entry in entries if entry.get("until", now) >= now))

    def touched(self, request: ExchangeRequest, agents: Agents | None) -> list[JsonDict]:
        """Give the entries that *request* may be touched by; policy decides which of them do.

        Which agent a name belongs to stands in the registry of *agents*; without that every agent and actor counts.
        """
        if not self._by_key:
            return []
        found = [entry for key in self._keys(request, agents) for entry in self._by_key.get(key, ())]
        if agents is None:
            found += [entry for entry in self if entry["kind"] in _OF_AGENTS]
        return found

    def _keys(self, request: ExchangeRequest, agents: Agents | None) -> Iterator[Key]:
        """Give every key that an entry about this request can have, each once."""
        subject, actor = names.claims_of(request.subject_token), names.claims_of(request.actor_token)
        acting = names.of(request)
        for kind, member, by in (
            ("jti", "jti", (subject, actor)), ("chain", "txn", (subject, actor)), ("session", "sid", (subject,)),
            ("subject", "sub", (subject,)), ("delegation", "sub", (subject,)), ("claims", "sub", (subject, actor)),
            ("claims", "jti", (subject, actor)),
        ):  # fmt: skip
            if self._size[kind]:
                # A claim may be of any type, also one that no set can hold.
                values = {value for claims in by if isinstance(value := claims.get(member), str)}
                yield from ((f"{kind}.{member}", value) for value in sorted(values))
        if self._size["chain"] and "act" in subject and not claims_grammar.is_name(subject.get("txn")):
            yield from self._of_some_chain()
        if self._size["client"]:
            yield ("client.client_id", request.client.client_id)
        if self._size["actor_prefix"]:
            yield from (
                ("actor_prefix.sub", prefix) for prefix in sorted({p for n in acting for p in names.prefixes(n)})
            )
        if agents is not None and (self._size["agent"] or self._size["actor"]):
            yield from _keys_of_agents(acting, agents)

    def _of_some_chain(self) -> Iterator[Key]:
        """Give the key of the chain that is revoked the longest: an act that names no chain may be of that one."""
        if self._last_chain is None:
            chains = (entry for entry in self if entry["kind"] == "chain")
            self._last_chain = max(chains, key=lambda entry: entry.get("until", math.inf))
        yield key_of(self._last_chain)

    def _put(self, key: Key, entries: tuple[JsonDict, ...]) -> None:
        kind = key[0].partition(".")[0]
        self._size[kind] += len(entries) - len(self._by_key.get(key, ()))
        if kind == "chain":
            self._last_chain = None
        if entries:
            self._by_key[key] = entries
        else:
            self._by_key.pop(key, None)


def key_of(entry: JsonDict) -> Key:
    """Give what *entry* is looked up by."""
    kind = entry["kind"]
    member = "jti" if kind == "claims" and "jti" in entry else _LOOKED_UP_BY[kind]
    name = entry[member]
    return f"{kind}.{member}", name.rstrip("/") if kind == "actor_prefix" else name


def _keys_of_agents(acting: set[str], agents: Agents) -> Iterator[Key]:
    known = names.agents_of(acting, agents)
    yield from (("agent.id", agent) for agent in known)
    # An actor is named by any name of its agent, and by the agent's id.
    others = {name for agent in known for name in names.identities_of(agent, agents)}
    yield from (("actor.sub", name) for name in sorted(acting | others | known.keys()))
