"""Receipts by who, what, where and when: newest first, a page at a time, each page at a bounded cost.

A page looks along the index of the condition that narrows most, and at no more than `SCANNED` of its entries. Where the
other conditions leave few of them the page is short, and the next one goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, select, tuple_

from actas.receipts import documents
from actas.receipts.answers import Page
from actas.receipts.filters import PageToken, Place, ReceiptFilter
from actas.receipts.indexes import Lookup, lookups

SCANNED: Final = 1000
"""How many entries of an index a page looks at where other conditions leave some of them out."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one index gave: decisions by their places, and down to where it was looked along; None is the end."""

    found: dict[Place, str]
    down_to: Place | None


def page(connection: Connection, wanted: ReceiptFilter, *, size: int, token: str = "") -> Page:
    """Give the page of at most *size* receipts that begins at *token*.

    Raises:
        ProtocolError: *token* is none of this question.

    """
    after = PageToken.parse(token, wanted).place if token else None
    # One more than wanted tells whether there are any more.
    looked = [_look(connection, lookup, after, size + 1) for lookup in lookups(connection, wanted, SCANNED)]
    # Below this, one of the indexes was not looked along.
    bound = max((part.down_to for part in looked if part.down_to is not None), default=None)
    found = {place: name for part in looked for place, name in part.found.items() if bound is None or place >= bound}
    places = sorted(found, reverse=True)
    last = places[size - 1] if len(places) > size else bound
    shown = documents.kept(connection, [found[place] for place in places[:size]])
    return Page(shown, PageToken(last).render(wanted) if last is not None else "")


def statement(lookup: Lookup, after: Place | None, most: int) -> Select[Any]:
    """Ask for the *most* newest entries of *lookup* after a place; the decisions of those that are wanted are named."""
    newest = lookup.along.order_by(*(column.desc() for column in lookup.place)).limit(most)
    if after is not None:
        # The first condition says to every planner that it is a range of the index.
        newest = newest.where(lookup.place[0] <= after[0], tuple_(*lookup.place) < after)
    if lookup.left is None:
        return newest
    # What is left is looked at after the limit: for these entries, however a database would reckon.
    seen = newest.subquery("seen").c
    wanted = case((and_(*lookup.left(seen)), seen.decision_id)).label("decision_id")
    return select(seen.evaluated_at, seen.writer, seen.seq, wanted)


def _look(connection: Connection, lookup: Lookup, after: Place | None, most: int) -> _Looked:
    found: dict[Place, str] = {}
    for some in _portions(lookup, most):
        rows = connection.execute(statement(lookup, after, some)).all()
        entries = sorted((((row.evaluated_at, row.writer, row.seq), row.decision_id) for row in rows), reverse=True)
        for place, name in entries:
            if name is not None:
                found[place] = name
            if len(found) == most:
                return _Looked(found, place)
        if len(rows) < some:
            return _Looked(found, None)
        after = entries[-1][0]
    return _Looked(found, after)


def _portions(lookup: Lookup, most: int) -> tuple[int, ...]:
    """Say how many entries are looked at one portion after the other, where *most* are wanted."""
    if lookup.left is None:
        return (most,)
    # Where the conditions leave out few, the first portion is enough.
    first = min(4 * most, SCANNED)
    return (first, SCANNED - first) if first < SCANNED else (first,)
