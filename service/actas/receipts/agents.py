"""What was decided for each version of each agent, so that one version can be compared with the one before it.

Decisions are counted by hour and by day into a small table soon after they were made, entry by entry of each chain.
What is not counted yet is added from the receipts themselves, so that an answer is exact. Only agents of the registry
are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, and_, cast, func, select

from actas.receipts.answers import HOUR_SECONDS, AgentVersion, Hours
from actas.receipts.columns import key
from actas.receipts.documents import DECISION
from actas.store.schema import agent_counted, agent_counts, receipts, writers

DAY: Final = 24
"""Hours in a day."""
_of, _counts, _counted = receipts.c, agent_counts.c, agent_counted.c


def compare(connection: Connection, hours: Hours, *, agent: str = "") -> list[AgentVersion]:
    """Give what was decided in *hours* for each version of *agent*, or of all agents, in the order of their names."""
    rows = [row for span in spans(hours) for row in connection.execute(counted_statement(span, agent))]
    for chain in pending(connection):
        of_time = [_of.evaluated_at >= hours.first * HOUR_SECONDS]
        if hours.end is not None:
            of_time.append(_of.evaluated_at < hours.end * HOUR_SECONDS)
        rows += connection.execute(entries_statement(chain, connection.dialect.name).where(*of_time, *_is(_of, agent)))
    return list(_versions(rows))


@dataclass(frozen=True, slots=True)
class Span:
    """Stretches of time of so many *hours* each, by their numbers since the epoch: *first* and those before *end*."""

    hours: int
    first: int
    end: int | None


def spans(hours: Hours) -> list[Span]:
    """Put *hours* together of whole days, and of the hours before and after them."""
    day = -(-hours.first // DAY)
    last = None if hours.end is None else hours.end // DAY
    if last is not None and last <= day:
        return [Span(1, hours.first, hours.end)]
    around = [Span(1, hours.first, day * DAY), Span(DAY, day, last)]
    return around if last is None else [*around, Span(1, last * DAY, hours.end)]


def counted_statement(span: Span, agent: str) -> Select[Any]:
    """Ask for what is counted of *span*."""
    kind = (_counts.agent, _counts.version, _counts.code, _counts.narrowed, _counts.stepped_up)
    chosen = select(*kind, func.sum(_counts.decisions).label("decisions"))
    chosen = chosen.where(_counts.hours == span.hours, _counts.number >= span.first, *_is(_counts, agent))
    if span.end is not None:
        chosen = chosen.where(_counts.number < span.end)
    return chosen.group_by(*kind)


@dataclass(frozen=True, slots=True)
class Pending:
    """Entries of one chain that are not counted yet: those after *counted*, up to *head*."""

    writer: int
    counted: int
    head: int


def pending(connection: Connection) -> list[Pending]:
    """Give the chains that have entries that are not counted yet."""
    counted = func.coalesce(_counted.seq, 0)
    rows = connection.execute(
        select(writers.c.writer, counted.label("counted"), writers.c.seq)
        .select_from(writers.outerjoin(agent_counted, _counted.writer == writers.c.writer))
        .where(writers.c.seq > counted)
    )
    return [Pending(row.writer, row.counted, row.seq) for row in rows]


def entries_statement(chain: Pending, dialect: str) -> Select[Any]:
    """Ask for the kinds of decisions in a piece of a chain, how many there are of each, and in which hour."""
    hours = _of.evaluated_at / HOUR_SECONDS
    # A cast rounds down on SQLite, where nothing else surely does, and rounds on PostgreSQL.
    hour = cast(hours, BigInteger) if dialect == "sqlite" else cast(func.floor(hours), BigInteger)
    kind: tuple[ColumnElement[Any], ...] = (
        _of.agent,
        hour.label("hour"),
        func.coalesce(_of.agent_version, "").label("version"),
        func.coalesce(_of.code, "").label("code"),
        _of.narrowed,
        _of.stepped_up,
    )
    piece = and_(_of.writer == chain.writer, _of.seq > chain.counted, _of.seq <= chain.head)
    chosen = select(*kind, func.count().label("decisions")).where(piece, _of.kind == DECISION, _of.agent.is_not(None))
    return chosen.group_by(*kind)


def _is(columns: Any, agent: str) -> list[ColumnElement[bool]]:
    return [columns.agent == key(agent)] if agent else []


def _versions(rows: Iterable[Row[Any]]) -> Iterator[AgentVersion]:
    by_version: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        by_version.setdefault((row.agent, row.version), []).append(row)
    for (agent, version), its in sorted(by_version.items()):
        codes: dict[str, int] = {}
        for row in its:
            if row.code:
                codes[row.code] = codes.get(row.code, 0) + int(row.decisions)
        yield AgentVersion(
            agent,
            version,
            decisions=sum(int(row.decisions) for row in its),
            denied=sum(codes.values()),
            narrowed=sum(int(row.decisions) for row in its if row.narrowed),
            step_ups=sum(int(row.decisions) for row in its if row.stepped_up),
            codes=tuple(sorted(codes.items(), key=lambda code: (-code[1], code[0]))),
        )
