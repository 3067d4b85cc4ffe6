"""The running service's process id, in a file that is locked as long as it runs.

`actas policy reload` and `actas workers restart` find the service here and send it a signal. The lock tells a running
service from the file of one that was killed, whose number may belong to somebody else by now.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from actas.errors import ConfigError

_log = structlog.get_logger("actas.server")


def default_path() -> Path:
    """`actas/serve.pid` in the user's state directory (XDG Base Directory Specification). Raises ConfigError."""
    try:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        raise ConfigError("pid_file", "this user has no home directory: say where it is to be") from None
    return Path(base) / "actas" / "serve.pid"


class PidFile:
    """Holds the file and its lock until `release`."""

    def __init__(self, path: Path) -> None:
        """Write this process's id to *path*.

        Raises:
            ConfigError: the file cannot be written, or another service holds it.

        """
        self._path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise ConfigError("pid_file", f"{path}: {error.strerror}") from None
        if not _lock(self._descriptor):
            os.close(self._descriptor)
            raise ConfigError("pid_file", f"{path}: another service holds it")
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Remove the file and give up the lock."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


@contextmanager
def holding(path: Path | None) -> Iterator[None]:
    """Hold the pid file that was asked for, or the default one if it can be had. Raises ConfigError."""
    try:
        held = PidFile(path or default_path())
    except ConfigError as error:
        if path is not None:
            raise
        _log.warning("no pid file: `actas policy reload` will not find this service", problem=str(error))
        yield
        return
    try:
        yield
    finally:
        held.release()


def ask(path: Path, number: signal.Signals) -> int:
    """Send the signal *number* to the service that holds *path*, and return its process id.

    Raises:
        ConfigError: no service runs there, or it is not ours to signal.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError("pid_file", f"{path}: {error.strerror}: no service runs with it") from None
    try:
        if _lock(descriptor):
            raise ConfigError("pid_file", f"{path}: the service that wrote it is gone")
        pid = int(os.read(descriptor, 20))
        os.kill(pid, number)
    except (ValueError, PermissionError, ProcessLookupError) as error:
        raise ConfigError("pid_file", f"{path}: cannot signal the service: {error}") from None
    finally:
        os.close(descriptor)
    return pid


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
