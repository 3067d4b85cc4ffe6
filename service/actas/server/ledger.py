"""What callers have used up and have under way, in numbers that all workers of a service share.

There are no locks: who holds one and hangs would stop everybody. A caller's bucket is one number that each worker reads
and writes, so two that do so at the same instant may let one decision too many through; calls under way are counted by
each worker in a row of its own.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from pathlib import Path

_NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Ledger:
    """The numbers of so many *callers*: when the bucket of each is full again, and its calls in each *row*."""

    numbers: memoryview[float]
    callers: int
    row: int = 0

    @classmethod
    def alone(cls, callers: int) -> Ledger:
        """Make one for a service in one process."""
        return cls(memoryview(bytearray(2 * max(callers, 1) * _NUMBER_BYTES)).cast("d"), callers)

    @classmethod
    def shared(cls, file: Path, callers: int, *, row: int, rows: int) -> Ledger:
        """Share *file* with other processes, each of which has another of the *rows*; raises OSError."""
        size = (1 + rows) * max(callers, 1) * _NUMBER_BYTES
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # On a full disk the kernel kills who writes into a hole.
            os.posix_fallocate(descriptor, 0, size)
            mapped = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        ledger = cls(memoryview(mapped).cast("d"), callers, row)
        for caller in range(callers):
            ledger.numbers[ledger._mine(caller)] = 0.0
        return ledger

    def full_at(self, caller: int) -> float:
        """Say when the caller's bucket is full again, on the machine's monotonic clock."""
        return self.numbers[caller]

    def fill_at(self, caller: int, moment: float) -> None:
        """Note when the caller's bucket is full again."""
        self.numbers[caller] = moment

    def under_way(self, caller: int) -> int:
        """Count the caller's calls in all processes."""
        return int(sum(self.numbers[self.callers + caller :: self.callers]))

    def begin(self, caller: int) -> None:
        """Count one more call of the caller in this process."""
        self.numbers[self._mine(caller)] += 1

    def end(self, caller: int) -> None:
        """Count one call less."""
        self.numbers[self._mine(caller)] -= 1

    def _mine(self, caller: int) -> int:
        return (1 + self.row) * self.callers + caller


def forget(file: Path, callers: int, row: int) -> None:
    """Forget what was under way in a process that ended: its row in *file*."""
    if not file.exists() or not callers:
        return
    with file.open("r+b") as numbers:
        numbers.seek((1 + row) * callers * _NUMBER_BYTES)
        numbers.write(bytes(callers * _NUMBER_BYTES))
