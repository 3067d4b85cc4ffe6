"""Where receipts are asked for: a store that this command opens, or a running service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from actas.cli.exits import bad_input
from actas.receipts.answers import MOST_HOPS, AgentVersion, Hours, Page, TreeReceipts
from actas.receipts.filters import ReceiptFilter

if TYPE_CHECKING:
    from actas.client import Target
    from actas.store import Database

Store = Annotated[
    str | None,
    typer.Option(
        "--receipts", envvar="ACTAS_RECEIPTS", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/DATABASE."
    ),
]


class Source(Protocol):
    """What answers questions about receipts; raises ActasError."""

    def page(self, wanted: ReceiptFilter, *, size: int, token: str = "") -> Page:
        """Give one page, newest first."""

    def tree(self, decision_id: str, *, most: int = MOST_HOPS) -> TreeReceipts:
        """Give the receipts of one tree, oldest first."""

    def agents(self, *, since: float, until: float | None = None, agent: str = "") -> list[AgentVersion]:
        """Give what was decided for each version of each agent."""


class _OfStore:
    # SQLAlchemy is slow to load, and most commands need none of it.
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: ReceiptFilter, *, size: int, token: str = "") -> Page:
        from actas.receipts import listing  # noqa: PLC0415

        with self._database.reading() as connection:
            return listing.page(connection, wanted, size=size, token=token)

    def tree(self, decision_id: str, *, most: int = MOST_HOPS) -> TreeReceipts:
        from actas.receipts import tree_query  # noqa: PLC0415

        with self._database.reading() as connection:
            return tree_query.tree_of(connection, decision_id, most=most)

    def agents(self, *, since: float, until: float | None = None, agent: str = "") -> list[AgentVersion]:
        from actas.receipts import agents  # noqa: PLC0415

        with self._database.reading() as connection:
            return agents.compare(connection, Hours.around(since, until), agent=agent)


@contextmanager
def opened(store: str | None) -> Iterator[Database]:
    """Open the store that the option names, as it is."""
    if store is None or store == "none":
        raise bad_input("--receipts: say where they are, sqlite:///PATH or postgresql://USER@HOST/DATABASE")
    from actas.store import Database, StoreAddress  # noqa: PLC0415 - as above

    database = Database.open(StoreAddress.parse(store, setting="--receipts"), migrate=False)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def asked(store: str | None, service: Target | None) -> Iterator[Source]:
    """Give what the options name; a service comes before a store of the environment."""
    if service is None:
        with opened(store) as database:
            yield _OfStore(database)
        return
    from actas.client.receipt_client import ReceiptClient  # noqa: PLC0415 - gRPC is slow to load and rarely needed

    with ReceiptClient(service) as client:
        yield client
