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
Table = dict[str, tuple[JsonDict, ...]]
_EMPTY: Table = {}
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
# Where an entry is looked up by a claim of the subject token, and whether by that of the actor token, too.
_BY_CLAIM = (
    ("jti.jti", "jti", True),
    ("chain.txn", "txn", True),
    ("session.sid", "sid", False),
    ("subject.sub", "sub", False),
    ("delegation.sub", "sub", False),
    ("claims.sub", "sub", True),
    ("claims.jti", "jti", True),
)


class RevocationIndex:
    """Entries that come and go. Tuples of plain dicts: the garbage collector leaves these alone."""

    def __init__(self, entries: Iterable[JsonDict] = ()) -> None:
        """Begin with *entries*, which are valid."""
        self._by_key: dict[str, Table] = {}
        self._ends: list[tuple[float, str, Key]] = []
        self._last_chain: JsonDict | None = None
        for entry in entries:
            self.add(entry)

    def add(self, entry: JsonDict) -> None:
        """Add *entry*, unless another about the same revokes as much."""
        key, about = key_of(entry), target(entry)
        others = self._at(key)
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
        self._put(key, tuple(entry for entry in self._at(key) if target(entry) != about))

    def having(self, wanted: JsonDict) -> list[JsonDict]:
        """Give the entries that have every member by which *wanted* names somebody."""
        members = named(wanted).items()
        return [entry for entry in self._at(key_of(wanted)) if members <= entry.items()]

    def forget_ended(self, now: float) -> None:
        """Forget what ended before *now*, in seconds since the epoch. Policy heeds nothing that has ended anyway."""
        while self._ends and self._ends[0][0] < now:
            key = heapq.heappop(self._ends)[2]
            entries = self._at(key)
            self._put(key, tuple(entry for entry in entries if entry.get("until", now) >= now))

    def touched(self, request: ExchangeRequest, agents: Agents | None) -> list[JsonDict]:
        """Give the entries that *request* may be touched by; policy decides which of them do.

        Which agent a name belongs to stands in the registry of *agents*; without that every agent and actor counts.
        """
        found: list[JsonDict] = []
        if not self._by_key:
            return found
        subject, actor = names.claims_of(request.subject_token), names.claims_of(request.actor_token)
        for where, member, of_actor in _BY_CLAIM:
            if table := self._by_key.get(where):
                # A claim may be of any type, also one that no table can hold.
                if isinstance(value := subject.get(member), str):
                    found += table.get(value, ())
                if of_actor and isinstance(other := actor.get(member), str) and other != value:
                    found += table.get(other, ())
        if "act" in subject and not claims_grammar.is_name(subject.get("txn")):
            found += self._of_some_chain()
        if clients := self._by_key.get("client.client_id"):
            found += clients.get(request.client.client_id, ())
        acting = names.of(request)
        tables = [self._by_key.get(where) for where in ("agent.id", "actor.sub", "actor_prefix.sub")]
        if any(tables):
            found += self._of_agents(acting, agents, *(table or {} for table in tables))
        return found

    @staticmethod
    def _of_agents(
        acting: set[str], agents: Agents | None, ids: Table, subs: Table, prefixes: Table
    ) -> Iterator[JsonDict]:
        if agents is None:
            for entries in (*ids.values(), *subs.values(), *prefixes.values()):
                yield from entries
            return
        known = names.agents_of(acting, agents)
        for agent in known:
            yield from ids.get(agent, ())
        if not subs and not prefixes:
            return
        # An actor is named by any name of its agent, and by the agent's id; a prefix by any that is below it.
        alike = acting.union(*(names.identities_of(agent, agents) for agent in known))
        for name in alike | known:
            yield from subs.get(name, ())
        for prefix in {prefix for name in alike for prefix in names.prefixes(name)} if prefixes else ():
            yield from prefixes.get(prefix, ())

    def _of_some_chain(self) -> tuple[JsonDict, ...]:
        """Give the chain that is revoked the longest: an act that names no chain may be of that one."""
        chains = self._by_key.get("chain.txn")
        if chains and self._last_chain is None:
            every = (entry for entries in chains.values() for entry in entries)
            self._last_chain = max(every, key=lambda entry: entry.get("until", math.inf))
        return () if self._last_chain is None else (self._last_chain,)

    def _put(self, key: Key, entries: tuple[JsonDict, ...]) -> None:
        where, name = key
        table = self._by_key.setdefault(where, {})
        if where == "chain.txn":
            self._last_chain = None
        if entries:
            table[name] = entries
        else:
            table.pop(name, None)
        if not table:
            del self._by_key[where]

    def _at(self, key: Key) -> tuple[JsonDict, ...]:
        return self._by_key.get(key[0], _EMPTY).get(key[1], ())


def key_of(entry: JsonDict) -> Key:
    """Give what *entry* is looked up by."""
    kind = entry["kind"]
    member = "jti" if kind == "claims" and "jti" in entry else _LOOKED_UP_BY[kind]
    name = entry[member]
    return f"{kind}.{member}", name.rstrip("/") if kind == "actor_prefix" else name
