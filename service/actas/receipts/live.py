"""What a revocation would cut: delegations whose tokens may still be in use, as the receipts know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from actas.errors import ProtocolError
from actas.receipts.delegations import HORIZON_SECONDS, LiveDelegation
from actas.receipts.documents import kept
from actas.receipts.kept import KeptReceipt
from actas.revocation import names
from actas.store.schema import receipts

Document = Mapping[str, Any]
MOST = 50_000
"""How many decisions are looked at, the newest first."""
_AT_ONCE = 500
_NONE: Document = {}


def would_cut(connection: Connection, entries: Sequence[Document], now: float) -> tuple[list[LiveDelegation], bool]:
    """Give the live delegations that *entries* would cut, the longest usable first, and whether there may be more.

    Raises ProtocolError where no receipt could tell.
    """
    if any(entry["kind"] == "session" for entry in entries):
        # That nothing would be cut is what whoever asks must not believe.
        raise ProtocolError("revocations", "no receipt says of which session a token is, so no dry run can tell")
    ids = _newest(connection, now)
    found = [
        receipt
        for begin in range(0, len(ids), _AT_ONCE)
        for receipt in kept(connection, ids[begin : begin + _AT_ONCE])
        if receipt.document.get("issued", _NONE).get("not_after", 0) > now and receipt.outcome.get("issued", True)
    ]
    aliases = _aliases(receipt.document for receipt in found)
    grouped: dict[tuple[str, str, str, str], LiveDelegation] = {}
    for receipt in found:
        if any(_is_cut(entry, receipt, aliases) for entry in entries):
            _add(grouped, receipt)
    return sorted(grouped.values(), key=lambda one: -one.usable_until), len(ids) == MOST


def _newest(connection: Connection, now: float) -> list[str]:
    columns = receipts.c
    chosen = (
        select(columns.decision_id)
        .where(columns.evaluated_at > now - HORIZON_SECONDS, columns.kind == "decision", columns.effect == "ALLOW")
        .order_by(columns.evaluated_at.desc())
        .limit(MOST)
    )
    return list(connection.execute(chosen).scalars())


def _add(grouped: dict[tuple[str, str, str, str], LiveDelegation], receipt: KeptReceipt) -> None:
    document = receipt.document
    subject, actor = document.get("subject", _NONE), document.get("actor", _NONE)
    key = (
        subject.get("iss", ""),
        subject.get("sub", ""),
        actor.get("agent", "") or actor.get("sub", ""),
        " ".join(document.get("target", ())),
    )
    live = grouped.setdefault(key, LiveDelegation(*key))
    live.decisions += 1
    live.usable_until = max(live.usable_until, int(document["issued"]["not_after"]))
    if jti := receipt.outcome.get("issued_jti"):
        live.issued_jti.append(jti)


def _aliases(documents: Iterable[Document]) -> dict[str, set[str]]:
    """Give the names under which each agent was seen to act: a chain names its members by them."""
    found: dict[str, set[str]] = {}
    for document in documents:
        actor = document.get("actor", _NONE)
        if agent := actor.get("agent"):
            found.setdefault(agent, set()).update(_texts(actor, "sub", "spiffe_id"))
    return found


def _is_cut(entry: Document, receipt: KeptReceipt, aliases: Mapping[str, set[str]]) -> bool:
    """Whether *entry* is about the decision."""
    document = receipt.document
    kind, name = entry["kind"], entry.get("id") or entry.get("actor") or entry.get("sub", "")
    if "jti" in entry:
        cut = entry["jti"] in (document.get("source_token", _NONE).get("jti"), receipt.outcome.get("issued_jti"))
    elif kind in ("subject", "claims"):
        cut = _is_subject(entry, document)
    elif kind == "client":
        server = document.get("authorization_server")
        cut = document.get("client", _NONE).get("client_id") == entry["client_id"]
        cut = cut and entry.get("authorization_server") in (None, server)
    elif kind == "chain":
        cut = document.get("root_decision_id") == entry["txn"]
    elif kind == "actor_prefix":
        cut = any(name.rstrip("/") in names.prefixes(actor) for actor in _actors(document))
    elif kind in ("agent", "actor", "delegation"):
        its_own = {name} if kind != "agent" or name in aliases else set()
        alike = [its | {agent} for agent, its in aliases.items() if name == agent or (kind != "agent" and name in its)]
        acts = not its_own.union(*alike).isdisjoint(_actors(document))
        cut = acts and (kind != "delegation" or _is_subject(entry, document))
    else:
        cut = False
    return cut


def _is_subject(entry: Document, document: Document) -> bool:
    subject = document.get("subject", _NONE)
    return bool(subject.get("sub") == entry["sub"] and entry.get("iss") in (None, subject.get("iss")))


def _actors(document: Document) -> Iterator[str]:
    """Give every name that somebody acts under, now or earlier in the chain."""
    yield from _texts(document.get("actor", _NONE), "sub", "spiffe_id", "agent")
    for level in document.get("chain", ()):
        yield from _texts(level, "sub", "client_id")


def _texts(members: Document, *wanted: str) -> list[str]:
    return [members[name] for name in wanted if name in members]
