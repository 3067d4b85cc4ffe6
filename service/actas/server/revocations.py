"""Where a process looks revocations up: the file and the store that the configuration names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actas.config import Config
from actas.policy.state import RevocationFile, RevocationState
from actas.revocation.view import JointState, State

if TYPE_CHECKING:
    from actas.revocation.feed import RevocationFeed
    from actas.store import StoreThread


@dataclass(frozen=True, slots=True)
class Revocations:
    """The state that decisions are made with, and the part of it that comes from the store, if there is one."""

    state: State
    feed: RevocationFeed | None = None


@asynccontextmanager
async def known(config: Config, store: StoreThread | None) -> AsyncIterator[Revocations]:
    """Give the revocations of *config* and *store*; those of the store are followed as long as the context lasts."""
    file = None if config.state is None else RevocationFile(config.state)
    if store is None:
        yield Revocations(file or RevocationState.fresh())
        return
    from actas.revocation.feed import RevocationFeed  # noqa: PLC0415 - SQLAlchemy is slow to load

    feed = RevocationFeed(store.database, stale_after=config.revocations_stale_after)
    async with feed.following():
        yield Revocations(feed if file is None else JointState(file, feed), feed)
