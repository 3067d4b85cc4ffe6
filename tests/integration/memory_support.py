"""What replicas remember together: a store of each kind, and processes that share it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import update

from actas.store import Database, StoreThread
from actas.store.schema import single_use_memory
from postgres_support import postgres

STORES = ("sqlite", "postgresql")


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of a new store of this kind, with its tables."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'store.db'}"
        Database.open(url).close()
        yield url
        return
    with postgres() as server:
        Database.open(server.url).close()
        yield server.url


def long_ago(url: str) -> str:
    """Make the store at *url* an old one: what was given before a store was made counts as used."""
    database = Database.open(url)
    with database.writing() as connection:
        connection.execute(update(single_use_memory).values(since=0))
    database.close()
    return url


@asynccontextmanager
async def threads(url: str, count: int = 2) -> AsyncIterator[list[StoreThread]]:
    """Give the store's threads of so many replicas."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(count):
            database = Database.open(url, migrate=False)
            stack.callback(database.close)
            found.append(await stack.enter_async_context(StoreThread(database)))
        yield found
