"""Which index a question is looked up by, and which conditions are then left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, or_, select

from actas.decision import Effect
from actas.receipts import subjects
from actas.receipts.columns import key
from actas.receipts.documents import DECISION, OUTCOME
from actas.receipts.filters import ReceiptFilter
from actas.receipts.outcome import ISSUED
from actas.store.schema import receipt_targets, receipts

_of = receipts.c
PLACE: Final = (_of.evaluated_at, _of.writer, _of.seq)


@dataclass(frozen=True, slots=True)
class Lookup:
    """One index, as a statement without order and limit, and the conditions that its entries must meet besides.

    `place` are the columns of the statement that receipts are put in order by.
    """

    along: Select[Any]
    place: Sequence[ColumnElement[Any]]
    left: Sequence[ColumnElement[bool]]


def lookups(connection: Connection, wanted: ReceiptFilter) -> list[Lookup]:
    """Give the indexes that together hold every receipt that is *wanted*: those of the condition that narrows most."""
    conditions = _conditions(connection, wanted)
    if not conditions:
        return [_lookup(None, [], wanted)]
    name, ways = next(iter(conditions.items()))
    left = [or_(*others) for other, others in conditions.items() if other != name]
    made = [_lookup(way, left, wanted) for way in ways]
    if name == "target":
        made[-1] = _further_targets(key(wanted.target), left, wanted)
    return made


def _conditions(connection: Connection, wanted: ReceiptFilter) -> dict[str, list[ColumnElement[bool]]]:
    """Give each condition as the ways to meet it, one index a way, the one that narrows most first."""
    conditions: dict[str, list[ColumnElement[bool]]] = {}
    if wanted.task_id:
        conditions["task_id"] = [_of.task_id == key(wanted.task_id)]
    if wanted.subject:
        names = subjects.find(connection, wanted.subject, wanted.subject_issuer or None)
        conditions["subject"] = [_of.subject == name for name in names] or [false()]
    if wanted.actor:
        actor = key(wanted.actor)
        conditions["actor"] = [_of.agent == actor, _of.actor_sub == actor, _of.workload == actor]
    if wanted.target:
        conditions["target"] = [_of.target == key(wanted.target), _has_further(key(wanted.target))]
    if wanted.code:
        conditions["code"] = [_of.code == key(wanted.code)]
    return conditions


def _lookup(way: ColumnElement[bool] | None, left: Sequence[ColumnElement[bool]], wanted: ReceiptFilter) -> Lookup:
    asked = [condition for condition in (way, _of.kind == DECISION) if condition is not None]
    along = select(*PLACE, _of.decision_id).where(*asked, *_within(_of.evaluated_at, wanted))
    return Lookup(along, PLACE, [*left, *_never_indexed(wanted)])


def _further_targets(target: str, left: Sequence[ColumnElement[bool]], wanted: ReceiptFilter) -> Lookup:
    """Look along the second targets and those after them, which have a table of their own."""
    entry = receipt_targets.c
    there = and_(_of.writer == entry.writer, _of.seq == entry.seq)
    place = (entry.evaluated_at, entry.writer, entry.seq)
    along = (
        select(*place, _of.decision_id)
        .select_from(receipt_targets.join(receipts, there))
        .where(entry.target == target, *_within(entry.evaluated_at, wanted))
    )
    return Lookup(along, place, [*left, *_never_indexed(wanted)])


def _has_further(target: str) -> ColumnElement[bool]:
    entry = receipt_targets.c
    return exists().where(
        entry.target == target,
        entry.evaluated_at == _of.evaluated_at,
        entry.writer == _of.writer,
        entry.seq == _of.seq,
    )


def _never_indexed(wanted: ReceiptFilter) -> list[ColumnElement[bool]]:
    """Give the conditions that so many receipts meet that an index of theirs would help nobody."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.effect:
        conditions.append(_of.effect == wanted.effect)
    if wanted.unreported:
        report = receipts.alias("report")
        reported = exists().where(
            report.c.decision_id == _of.decision_id, report.c.kind == OUTCOME, report.c.part == ISSUED
        )
        conditions += [_of.effect == Effect.ALLOW.value, ~reported]
    return conditions


def _within(moment: ColumnElement[Any], wanted: ReceiptFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(moment >= wanted.since)
    if wanted.until is not None:
        conditions.append(moment < wanted.until)
    return conditions
