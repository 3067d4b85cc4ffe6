"""Which approvals and one-time tokens were used, remembered for all workers of one service in a directory of theirs.

One that is held or used is a file, and only one process can create it. A worker that dies while it holds one leaves the
file: nobody knows whether its decision left, so that one counts for nothing more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from actas.errors import EngineError
from actas.evidence.ticket import Ticket

_MARK = "forgotten"
# Longer than any decision: what is still held is never swept.
SWEEP_AFTER_SECONDS = 3600


class FileSingleUse:
    """Tickets that were used or are held by any process with the same *directory*, made by `prepare`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def free(self, tickets: Collection[Ticket], now: float) -> frozenset[Ticket]:  # noqa: ARG002 - a sweep decides what is past
        """Give those of *tickets* that nobody has used or holds; raises EngineError when that is not known."""
        with _told():
            forgotten = _forgotten(self._directory)
            return frozenset(
                ticket for ticket in tickets if ticket.until > forgotten and not self._file(ticket).exists()
            )

    @asynccontextmanager
    async def hold(self, tickets: Collection[Ticket], now: float) -> AsyncIterator[_Held]:  # noqa: ARG002 - as above
        """Keep every process from the free ones of *tickets*; what is not consumed by the end is free again.

        Raises EngineError when that cannot be remembered.
        """
        ends: dict[Path, int] = {}
        for ticket in tickets:
            # An id that was signed with two ends is remembered until the later one.
            ends[self._file(ticket)] = max(ticket.until, ends.get(self._file(ticket), 0))
        mine: set[Path] = set()
        try:
            with _told():
                for file, until in ends.items():
                    _take(file, until, mine)
                # Read after the files are there: a sweep says what it forgets before it deletes.
                forgotten = _forgotten(self._directory)
            held = frozenset(ticket for ticket in tickets if self._file(ticket) in mine and ticket.until > forgotten)
            keeps = _Held({ticket: self._file(ticket) for ticket in held})
            try:
                yield keeps
            finally:
                mine -= keeps.consumed
        finally:
            for file in mine:
                with contextlib.suppress(OSError):
                    file.unlink()

    def _file(self, ticket: Ticket) -> Path:
        return self._directory / ticket.name


class _Held:
    """What one decision holds."""

    def __init__(self, files: dict[Ticket, Path]) -> None:
        self._files = files
        self.tickets = frozenset(files)
        self.consumed: set[Path] = set()

    async def consume(self, tickets: Collection[Ticket]) -> None:
        """Use *tickets* up for good; raises EngineError when that would be forgotten."""
        files = {self._files[ticket] for ticket in self.tickets.intersection(tickets)}
        self.consumed |= files
        # Whoever removed the directory meanwhile has made it possible to use them again.
        if not all(file.exists() for file in files):
            raise _unknown()


def prepare(directory: Path) -> Path:
    """Make *directory* for `FileSingleUse`; raises OSError."""
    directory.mkdir(mode=0o700)
    (directory / _MARK).write_text("0", encoding="ascii")
    return directory


def sweep(directory: Path, now: float) -> None:
    """Delete what nobody could use any more at *now*; one process does so. Raises OSError."""
    ended = {
        file: until
        for file in directory.iterdir()
        if file.name != _MARK and (until := _end(file)) + SWEEP_AFTER_SECONDS < now and until
    }
    if not ended:
        return
    # A clock that is set back brings nothing back: what ends no later than something forgotten may be it.
    forgotten = max(_forgotten(directory), *ended.values())
    fresh = directory / f"{_MARK}.new"
    fresh.write_text(str(forgotten), encoding="ascii")
    fresh.replace(directory / _MARK)
    for file in ended:
        file.unlink(missing_ok=True)


def _take(file: Path, until: int, mine: set[Path]) -> None:
    """Create *file* and add it to *mine* if it was not there, also when it cannot be written then."""
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    mine.add(file)
    try:
        os.write(descriptor, str(until).encode())
    finally:
        os.close(descriptor)


def _end(file: Path) -> int:
    """Read until when *file* counts; 0 when its process died before it was written, and then it stays."""
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _forgotten(directory: Path) -> int:
    return int((directory / _MARK).read_text(encoding="ascii"))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError):
        raise _unknown() from None


def _unknown() -> EngineError:
    return EngineError(
        "which approvals and one-time tokens were used cannot be remembered", reason="SINGLE_USE_UNKNOWN"
    )
