"""A PostgreSQL of the test's own, from Debian's package, which it may kill and start again."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ports import free_port

_INSTALLED = Path("/usr/lib/postgresql")


class Postgres:
    """A server on a free port of loopback, whose data are in a directory of its own."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        """Make the data directory; *user* runs it where the test itself runs as root."""
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "log"
        # A program changes the user, not `subprocess`: that would fork, and a fork beside gRPC's threads may crash.
        self._as_user = (
            []
            if user is None
            else ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups", "--"]
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._run("initdb", "-D", str(self._data), "-U", "actas", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"postgresql://actas@127.0.0.1:{self.port}/postgres"

    def start(self, *settings: str) -> None:
        """Start it with *settings* such as `fsync=off`, and wait until it answers."""
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *settings]
        command = [*self._as_user, str(self._binaries / "postgres"), "-D", str(self._data)]
        for option in options:
            command += ["-c", option]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log, cwd="/", env=_ENV)
        ask = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        end = time.monotonic() + 60
        while subprocess.run(ask, env=_ENV, check=False).returncode != 0:
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < end, self._log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it at once, as a crash of the machine would: nothing is written any more."""
        assert self._process is not None
        # Its other processes end when they notice; killed with it, none of them keeps the shared memory.
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        for pid in [self._process.pid, *map(int, children.stdout.split())]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(30)
        self._process = None

    def stop(self) -> None:
        """End it if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=_ENV, check=False)
        assert done.returncode == 0, done.stderr


_ENV = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}


@contextmanager
def postgres(*settings: str) -> Iterator[Postgres]:
    """Run a PostgreSQL, or skip the test where none is installed."""
    found = sorted(_INSTALLED.glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not found:
        pytest.skip("there is no PostgreSQL: 'make deps' as root installs it")
    user = _other_user() if os.getuid() == 0 else None
    # Not below pytest's own directory, into which no other user may look.
    folder = Path(tempfile.mkdtemp(prefix="actas-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = Postgres(found[-1].parent, folder, user)
        server.start(*settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
