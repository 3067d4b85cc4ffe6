"""Which index a question is looked up by, and which conditions are then left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, literal, or_, select

from actas.decision import Effect
from actas.receipts import subjects
from actas.receipts.columns import key
from actas.receipts.documents import DECISION, OUTCOME
from actas.receipts.filters import ReceiptFilter
from actas.receipts.outcome import ISSUED
from actas.store.schema import receipt_targets, receipts

_of, _entry = receipts.c, receipt_targets.c
# All that a condition can be about.
_ASKED: Final = (_of.code, _of.agent, _of.actor_sub, _of.workload, _of.subject, _of.target, _of.task_id)

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One index, as a statement without order and limit: *along* gives a decision and its place.

    `place` are the columns of the statement that receipts are put in order by. `left` says of columns like those of the
    statement what they must meet besides; None where nothing is left.
    """

    along: Select[Any]
    place: Sequence[ColumnElement[Any]]
    left: Callable[[Any], Conditions] | None


def lookups(connection: Connection, wanted: ReceiptFilter, most: int) -> list[Lookup]:
    """Give the indexes that together hold every receipt that is *wanted*: those of the condition that narrows most.

    Of those with *most* entries or more it is not known which one that is.
    """
    names = subjects.find(connection, wanted.subject, wanted.subject_issuer or None) if wanted.subject else []
    conditions = _conditions(_of, wanted, names)
    chosen = _narrowest(connection, conditions, wanted, most)

    def left(of: Any) -> Conditions:
        others = [or_(*ways) for name, ways in _conditions(of, wanted, names).items() if name != chosen]
        return [*others, *_never_indexed(of, wanted)]

    is_any_left = bool(left(_of))
    # Without a condition the index of times has all that is asked for, and no entry itself is read.
    shown = [_of.decision_id, _of.effect, *(_ASKED if is_any_left and conditions else ())]
    made = []
    for entries in _entries(chosen, conditions.get(chosen, []), wanted):
        (moment,) = entries.selected_columns
        of = moment.table.c
        place = (moment, of.writer, of.seq)
        along = entries.with_only_columns(*place, *shown).where(_of.kind == DECISION)
        if moment.table is receipt_targets:
            along = along.where(_of.writer == of.writer, _of.seq == of.seq)
        made.append(Lookup(along, place, left if is_any_left else None))
    return made


def _conditions(of: Any, wanted: ReceiptFilter, names: Sequence[str]) -> dict[str, Conditions]:
    """Give each condition on the columns *of* a receipt as the ways to meet it, one index a way.

    That which mostly narrows most comes first. *names* are those of the subject.
    """
    conditions: dict[str, Conditions] = {}
    if wanted.task_id:
        conditions["task_id"] = [of.task_id == key(wanted.task_id)]
    if wanted.subject:
        conditions["subject"] = [of.subject == name for name in names] or [false()]
    if wanted.actor:
        actor = key(wanted.actor)
        conditions["actor"] = [of.agent == actor, of.actor_sub == actor, of.workload == actor]
    if wanted.target:
        conditions["target"] = [of.target == key(wanted.target), _has_further(of, key(wanted.target))]
    if wanted.code:
        conditions["code"] = [of.code == key(wanted.code)]
    elif wanted.effect == Effect.DENY:
        # Only in the words of the statement do planners see that it asks for what this index has.
        conditions["effect"] = [of.effect == literal(Effect.DENY.value, literal_execute=True)]
    return conditions


def _narrowest(connection: Connection, conditions: dict[str, Conditions], wanted: ReceiptFilter, most: int) -> str:
    """Name the condition that the fewest entries meet; empty where there is none."""
    if len(conditions) < 2:
        return next(iter(conditions), "")

    def count(name: str) -> int:
        every = (entries.limit(most).subquery() for entries in _entries(name, conditions[name], wanted))
        return sum(connection.execute(select(func.count()).select_from(some)).scalar_one() for some in every)

    return min(conditions, key=lambda name: min(count(name), most))


def _entries(name: str, ways: Conditions, wanted: ReceiptFilter) -> list[Select[Any]]:
    """Give the times of the entries of each index of one condition."""
    if not ways:
        return [select(_of.evaluated_at).where(*_within(_of.evaluated_at, wanted))]
    made = [select(_of.evaluated_at).where(way, *_within(_of.evaluated_at, wanted)) for way in ways]
    if name == "target":
        # The second targets and those after them have a table of their own.
        moment = _entry.evaluated_at
        made[-1] = select(moment).where(_entry.target == key(wanted.target), *_within(moment, wanted))
    return made


def _has_further(of: Any, target: str) -> ColumnElement[bool]:
    there = and_(_entry.evaluated_at == of.evaluated_at, _entry.writer == of.writer, _entry.seq == of.seq)
    return exists().where(_entry.target == target, there)


def _never_indexed(of: Any, wanted: ReceiptFilter) -> Conditions:
    """Give the conditions that so many receipts meet that an index of theirs would help nobody."""
    conditions: Conditions = []
    if wanted.effect and (wanted.code or wanted.effect != Effect.DENY):
        conditions.append(of.effect == wanted.effect)
    if wanted.unreported:
        report = receipts.alias("report")
        reported = exists().where(
            report.c.decision_id == of.decision_id, report.c.kind == OUTCOME, report.c.part == ISSUED
        )
        conditions += [of.effect == Effect.ALLOW.value, ~reported]
    return conditions


def _within(moment: ColumnElement[Any], wanted: ReceiptFilter) -> Conditions:
    conditions: Conditions = []
    if wanted.since is not None:
        conditions.append(moment >= wanted.since)
    if wanted.until is not None:
        conditions.append(moment < wanted.until)
    return conditions
