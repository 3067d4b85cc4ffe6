"""Servers as processes of their own: started in a group, and stopped with everything beneath them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LAST_LINES = 15


class StartError(Exception):
    """A server did not start; the message says why, with the end of its log."""


class Group:
    """One process and its children, whose output goes to a log file."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        """Start *command* in a session of its own, so that Ctrl-C reaches it through us and not twice."""
        _end_on_sigterm()
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The first process, whose number is that of the group."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the first process has ended."""
        return self._process.poll() is not None

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group, if any is left."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def stop(self, seconds: float) -> bool:
        """Ask all to stop, kill what has not after *seconds*, and say whether that was needed."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        end = time.monotonic() + seconds
        while self._alive() and time.monotonic() < end:
            time.sleep(0.05)
        if self._alive():
            self.kill()
            return False
        return True

    def kill(self) -> None:
        """Kill every process of the group."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def failed(self, what: str) -> StartError:
        """Say that *what* happened, with the last lines of the log."""
        return StartError("\n".join([what, *last_lines(self._log)]))

    def _alive(self) -> bool:
        self._process.poll()  # else the first one stays as a zombie, and with it the group
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


def _end_on_sigterm() -> None:
    """Make SIGTERM unwind the contexts as Ctrl-C does: whoever stops us would else leave the servers running."""
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def last_lines(log: Path) -> list[str]:
    """Give the end of a log."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]


def own_environment(*prefixes: str) -> dict[str, str]:
    """Give the environment without what would configure the servers: only what is set here counts."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
