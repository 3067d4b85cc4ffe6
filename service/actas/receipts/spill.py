"""Where receipts go while the store is down: files of this machine, read back into the store when it works again.

Each process writes a file of its own and holds its lock; a file that nobody holds is of a process that has ended.
A line counts from its line break on. Lines that were read back are recognised by what they are about, so that one
that is read twice is kept once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from actas.errors import StoreError
from actas.receipts.entry import Entry, text_of, value_of
from actas.receipts.names import sync_names

_SUFFIX = ".receipts.jsonl"


class Spill:
    """Files in *directory*. Threads may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None

    def keep(self, entries: Sequence[Entry]) -> None:
        """Write *entries* so that they are durable when it returns; raises StoreError."""
        content = b"".join(text_of(_fields(entry)) + b"\n" for entry in entries)
        with self._lock:
            try:
                if self._file is None:
                    self._file = self._created()
                begun = self._file.tell()
                try:
                    self._file.write(content)
                    os.fsync(self._file.fileno())
                except OSError:
                    # What failed half way is not to be read back: its answers do not leave.
                    self._file.seek(begun)
                    self._file.truncate(begun)
                    raise
            except OSError as error:
                raise StoreError(f"nothing can be written to {self._directory}: {error.strerror}") from None

    def is_used(self) -> bool:
        """Say whether there is any file; raises OSError."""
        return any(self._directory.glob(f"*{_SUFFIX}"))

    @contextmanager
    def left(self) -> Iterator[list[tuple[Path, list[Entry]]]]:
        """Give the files that nobody writes any more, kept from all other processes; raises OSError."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
        with contextlib.ExitStack() as stack:
            found = []
            for path in sorted(self._directory.glob(f"*{_SUFFIX}")):
                with contextlib.suppress(FileNotFoundError, BlockingIOError):
                    file = path.open("rb")
                    stack.callback(file.close)
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if path.exists():
                        found.append((path, _entries(file.read())))
            yield found

    @staticmethod
    def done(path: Path) -> None:
        """Delete a file whose entries are in the store."""
        path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; what is in it is read back by whoever comes next."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _created(self) -> IO[bytes]:
        path = self._directory / f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX)
        sync_names(self._directory)
        return file


def _fields(entry: Entry) -> dict[str, object]:
    return {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}


def _entries(content: bytes) -> list[Entry]:
    lines = content.split(b"\n")[:-1]
    entries = [Entry(**value_of(line)) for line in lines]
    return [dataclasses.replace(entry, party=(entry.party[0], entry.party[1]), again=True) for entry in entries]
