"""Receipts by who, what, where and when: newest first, a page at a time, each page at a bounded cost.

A page looks along the index of the condition that narrows most, and at no more than `SCANNED` of its entries. Where the
other conditions leave few of them the page is short, and the next one goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, select, tuple_

from actas.receipts import documents
from actas.receipts.answers import Page
from actas.receipts.filters import PageToken, Place, ReceiptFilter
from actas.receipts.indexes import Lookup, lookups
from actas.store.schema import receipts

SCANNED: Final = 5000
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
    looked = [_look(connection, lookup, after, size + 1) for lookup in lookups(connection, wanted)]
    # Below this, one of the indexes was not looked along.
    bound = max((part.down_to for part in looked if part.down_to is not None), default=None)
    found = {place: name for part in looked for place, name in part.found.items() if bound is None or place >= bound}
    places = sorted(found, reverse=True)
    last = places[size - 1] if len(places) > size else bound
    shown = documents.kept(connection, [found[place] for place in places[:size]])
    return Page(shown, PageToken(last).render(wanted) if last is not None else "")


def statement(lookup: Lookup, after: Place | None, most: int) -> Select[Any]:
    """Write the statement that gives the *most* newest receipts of *lookup* after a place."""
    along = _ordered(lookup, after)
    if not lookup.left:
        return along.limit(most)
    scanned = along.limit(max(SCANNED, most)).subquery("scanned")
    there = and_(receipts.c.writer == scanned.c.writer, receipts.c.seq == scanned.c.seq)
    newest = [column.desc() for column in (scanned.c.evaluated_at, scanned.c.writer, scanned.c.seq)]
    chosen = select(scanned).select_from(scanned.join(receipts, there)).where(*lookup.left)
    return chosen.order_by(*newest).limit(most)


def _look(connection: Connection, lookup: Lookup, after: Place | None, most: int) -> _Looked:
    rows = connection.execute(statement(lookup, after, most)).all()
    found: dict[Place, str] = {(row.evaluated_at, row.writer, row.seq): row.decision_id for row in rows}
    if len(found) == most:
        return _Looked(found, min(found))
    if not lookup.left:
        return _Looked(found, None)
    # Few were left: either that is all, or the page has looked at as many as it may.
    end = connection.execute(_ordered(lookup, after).offset(max(SCANNED, most) - 1).limit(1)).one_or_none()
    return _Looked(found, None if end is None else (end.evaluated_at, end.writer, end.seq))


def _ordered(lookup: Lookup, after: Place | None) -> Select[Any]:
    along = lookup.along.order_by(*(column.desc() for column in lookup.place))
    if after is None:
        return along
    # The first condition says to every planner that it is a range of the index.
    return along.where(lookup.place[0] <= after[0], tuple_(*lookup.place) < after)
