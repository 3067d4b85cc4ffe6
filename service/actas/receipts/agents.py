"""What was decided for each version of each agent, so that one version can be compared with the one before it.

Decisions are counted by hour, day and week into a small table soon after they were made, entry by entry of each chain.
What is not counted yet is added from the receipts themselves, so that an answer is exact. Only agents of the registry
are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, cast, func, select

from actas.receipts.answers import HOUR_SECONDS, AgentVersion, Hours
from actas.receipts.columns import key
from actas.receipts.documents import DECISION
from actas.store.schema import agent_counted, agent_counts, receipts, writers

SIZES: Final = (168, 24, 1)
"""What is counted together, in hours: a week, a day and an hour, the longest first."""
_of, _counts, _counted = receipts.c, agent_counts.c, agent_counted.c


def compare(connection: Connection, hours: Hours, *, agent: str = "") -> list[AgentVersion]:
    """Give what was decided in *hours* for each version of *agent*, or of all agents, in the order of their names."""
    rows: list[Sequence[Any]] = []
    for span in spans(hours):
        rows += connection.execute(counted_statement(span, agent)).all()
    for chain in pending(connection):
        of_time = [_of.evaluated_at >= hours.first * HOUR_SECONDS]
        if hours.end is not None:
            of_time.append(_of.evaluated_at < hours.end * HOUR_SECONDS)
        asked = entries_statement(chain, connection.dialect.name).where(*of_time, *_is(_of, agent))
        rows += (row[1:] for row in connection.execute(asked))
    return list(_versions(rows))


@dataclass(frozen=True, slots=True)
class Span:
    """Stretches of time of so many *hours* each, by their numbers since the epoch: *first* and those before *end*."""

    hours: int
    first: int
    end: int | None


def spans(hours: Hours, sizes: Sequence[int] = SIZES) -> list[Span]:
    """Put *hours* together of the longest stretches that are whole, and of shorter ones before and after them."""
    size, *shorter = sizes
    if not shorter:
        return [Span(size, hours.first, hours.end)] if hours.end is None or hours.first < hours.end else []
    first = -(-hours.first // size)
    end = None if hours.end is None else hours.end // size
    if end is not None and end <= first:
        return spans(hours, shorter)
    before = spans(Hours(hours.first, first * size), shorter)
    after = [] if end is None else spans(Hours(end * size, hours.end), shorter)
    return [*before, Span(size, first, end), *after]


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
    """Ask for the hours and the kinds of decisions in a piece of a chain, and how many there are of each."""
    hours = _of.evaluated_at / HOUR_SECONDS
    # A cast rounds down on SQLite, where nothing else surely does, and rounds on PostgreSQL.
    hour = cast(hours, BigInteger) if dialect == "sqlite" else cast(func.floor(hours), BigInteger)
    kind: tuple[ColumnElement[Any], ...] = (
        hour.label("hour"),
        _of.agent,
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


@dataclass(slots=True)
class _Sum:
    """The decisions of one version."""

    decisions: int = 0
    narrowed: int = 0
    step_ups: int = 0
    codes: dict[str, int] = field(default_factory=dict)


def _versions(rows: Iterable[Sequence[Any]]) -> Iterator[AgentVersion]:
    sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for agent, version, code, narrowed, stepped_up, count in rows:
        of, decisions = sums[agent, version], int(count)
        of.decisions += decisions
        of.narrowed += decisions if narrowed else 0
        of.step_ups += decisions if stepped_up else 0
        if code:
            of.codes[code] = of.codes.get(code, 0) + decisions
    for (agent, version), of in sorted(sums.items(), key=itemgetter(0)):
        yield AgentVersion(
            agent,
            version,
            decisions=of.decisions,
            denied=sum(of.codes.values()),
            narrowed=of.narrowed,
            step_ups=of.step_ups,
            codes=tuple(sorted(of.codes.items(), key=lambda code: (-code[1], code[0]))),
        )
