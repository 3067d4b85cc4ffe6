"""The questions that receipts are asked, what each takes, and along which indexes a database looks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from receipt_world import AGENTS, DAY, DAYS, RARE, REPORTED_DAY, TARGETS, WIDE, World
from sqlalchemy import Connection, event

from actas.receipts import agents, listing, tree_query
from actas.receipts.answers import Hours
from actas.receipts.filters import PageToken, ReceiptFilter
from actas.store import Database

PAGE = 50
Ask = Callable[[Connection], Any]


def questions(world: World) -> dict[str, Callable[[], Ask]]:
    """Give each kind of question as what makes one at random."""
    now, chance = world.moment(world.rows), random.Random(8693)

    def some(of: int) -> int:
        return chance.randrange(of)

    def listed(**wanted: Any) -> Ask:
        return partial(listing.page, wanted=ReceiptFilter(**wanted), size=PAGE)

    def deep() -> Ask:
        asked = ReceiptFilter(actor="agent-0")
        place = (world.moment(some(world.rows)), 1, 1)
        return partial(listing.page, wanted=asked, size=PAGE, token=PageToken(place).render(asked))

    def hours(days: float) -> Hours:
        return Hours.around(now - days * DAY, None)

    hour = max(1, world.rows // DAYS // 24)
    end_of_reported = (REPORTED_DAY + 1) * world.rows // DAYS

    return {
        "list": listed,
        "list_of_an_hour": lambda: listed(since=(begun := world.moment(some(world.rows))), until=begun + 3600),
        "list_denied": lambda: listed(effect="DENY"),
        "list_rare_code": lambda: listed(code=RARE),
        "list_unreported": lambda: listed(unreported=True, until=world.moment(some(world.rows)) + 1),
        "list_unreported_none": lambda: listed(unreported=True, until=world.moment(end_of_reported - some(hour)) + 0.5),
        "by_actor_frequent": lambda: listed(actor="agent-0"),
        "by_actor": lambda: listed(actor=f"agent-{some(AGENTS)}", until=world.moment(some(world.rows)) + 1),
        "by_actor_spiffe_id": lambda: listed(actor=f"spiffe://example.org/agent/{some(AGENTS)}"),
        "by_actor_denied": lambda: listed(actor="agent-0", effect="DENY"),
        "by_actor_and_rare_code": lambda: listed(actor="agent-0", code=RARE),
        "by_actor_and_other_target": lambda: listed(actor="agent-0", target="https://nowhere.example.com/"),
        "by_actor_next_page": deep,
        "by_subject": lambda: listed(subject=f"user-{some(len(world.subjects))}"),
        "by_target": lambda: listed(target=f"https://api-{some(TARGETS)}.example.com/"),
        "by_second_target": lambda: listed(target="https://api-0.example.com/"),
        "by_task": lambda: listed(task_id=f"task-{some(world.rows // 10)}"),
        "tree": lambda: partial(tree_query.tree_of, decision_id=world.decision_id(WIDE + some(world.rows - WIDE))),
        "tree_of_1000": lambda: partial(tree_query.tree_of, decision_id=world.decision_id(some(WIDE))),
        "agents_of_a_day": lambda: partial(agents.compare, hours=hours(1)),
        "agent_of_a_month": lambda: partial(agents.compare, hours=hours(30), agent=f"agent-{some(AGENTS)}"),
        "agents_of_a_month": lambda: partial(agents.compare, hours=hours(30)),
    }


def measure(database: Database, make: Callable[[], Ask], times: int) -> list[float]:
    """Ask *times* different questions of one kind, and give the milliseconds that each took, in order of size."""
    taken = []
    for _ in range(times):
        ask = make()
        began = time.perf_counter()
        with database.reading() as connection:
            ask(connection)
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def plans(database: Database, ask: Ask) -> list[str]:
    """Say, a line for each step, how the database finds what one question asks for."""
    lines: list[str] = []
    with database.reading() as connection:
        with _statements(connection) as seen:
            ask(connection)
        for statement, values in seen:
            said = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            for row in connection.exec_driver_sql(said + statement, values):
                lines.append(str(row[-1]))
    return lines


def scans(lines: list[str], *, sqlite: bool) -> list[str]:
    """Give those steps that look at a whole table of receipts."""
    if sqlite:
        steps = ("SCAN receipt", "SEARCH receipt")
        return [line for line in lines if line.startswith(steps) and "USING" not in line]
    return [line for line in lines if "Seq Scan on receipt" in line]


@contextmanager
def _statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        seen.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)
