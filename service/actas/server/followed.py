"""Files whose content counts as it is now: read again when they change, and kept as they were when that goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import structlog

from actas.server.metrics import Metrics

# A file that changed a moment ago may change again within the tick of the file system's clock.
_SETTLED_SECONDS = 0.1

T = TypeVar("T")
Signature = tuple[tuple[int, int, int, int], ...]
_log = structlog.get_logger("actas.server")


class Followed(Generic[T]):
    """What some files mean together. Any thread may ask, among them those in which gRPC makes handshakes."""

    def __init__(
        self, setting: str, paths: Sequence[Path], read: Callable[[Mapping[Path, bytes]], T], metrics: Metrics
    ) -> None:
        """Read *paths* for the first time; *read* makes of their content what it means.

        Raises:
            ValueError, OSError: what *read* said of it, or a file that cannot be read.

        """
        self._setting = setting
        self._paths = tuple(paths)
        self._read = read
        self._metrics = metrics
        self._lock = Lock()
        self._signature: Signature | None = None
        self.problem = ""
        """Why the last change does not count; empty when everything is well."""
        self._current = self._load()

    def current(self) -> T:
        """Give what the files mean now, or meant when they were last understood. Never raises."""
        with self._lock:
            try:
                if self._signature is not None and self._look() == self._signature:
                    return self._current
                found = self._load()
            except (OSError, ValueError) as error:
                self._failed(error)
                return self._current
            if self.problem or found != self._current:
                _log.info("read_again", setting=self._setting)
                self._metrics.followed(self._setting, "read")
                self._current = found
            self.problem = ""
            return self._current

    def _load(self) -> T:
        signature = self._look()
        changed = max(max(mtime, ctime) for _inode, _size, mtime, ctime in signature) if signature else 0
        found = self._read({path: path.read_bytes() for path in self._paths})
        settled = time.time_ns() - changed > _SETTLED_SECONDS * 1e9
        self._signature = signature if settled else None
        return found

    def _look(self) -> Signature:
        looks = [path.stat() for path in self._paths]
        return tuple((look.st_ino, look.st_size, look.st_mtime_ns, look.st_ctime_ns) for look in looks)

    def _failed(self, error: OSError | ValueError) -> None:
        # Half-written files are read again until they make sense; what is said of them is said once.
        self._signature = None
        problem = f"{self._setting}: {error.strerror if isinstance(error, OSError) else error}"
        if problem != self.problem:
            _log.error("not_read_again", setting=self._setting, problem=problem, keeps="what it read before")
            self._metrics.followed(self._setting, "kept")
        self.problem = problem
