"""The real service as a process of its own: `actas serve` on a free port, with its OPA beneath it.

The story kills that OPA, so this is the sidecar engine; the embedded one has no process that could be killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

POLICIES = Path(__file__).resolve().parent / "policies"
START_SECONDS = 60.0
STOP_SECONDS = 15.0


class StartError(Exception):
    """The service did not start; the message says why."""


class Service:
    """A service that runs. Made by `running`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        """Keep the process, and the folder of its log and its receipts."""
        self._process = process
        self._folder = folder

    @property
    def address(self) -> str:
        """Where it listens; empty until it does."""
        for line in self._log():
            if line.startswith("{") and (event := json.loads(line)).get("event") == "serving":
                return str(event["listen"][0])
        return ""

    @property
    def receipts(self) -> str:
        """Where its receipts are."""
        return store(self._folder)

    def kill_opa(self) -> None:
        """Kill the OPA that evaluates the policies, as the kernel does when memory is short."""
        for child in psutil.Process(self._process.pid).children(recursive=True):
            if child.name() == "opa":
                child.kill()

    def wait_until_it_serves(self) -> None:
        """Wait for the address; raises StartError."""
        end = time.monotonic() + START_SECONDS
        while not self.address:
            if self._process.poll() is not None:
                raise StartError("the service ended: " + " ".join(self._log()[-3:]))
            if time.monotonic() > end:
                raise StartError(f"the service did not start within {START_SECONDS:.0f} s")
            time.sleep(0.05)

    def stop(self) -> bool:
        """Ask it to stop, and say whether it did so cleanly."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False

    def _log(self) -> Sequence[str]:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()


def store(folder: Path) -> str:
    """Name the store in *folder*."""
    return f"sqlite:///{folder}/receipts.db"


@contextmanager
def running() -> Iterator[Service]:
    """Run the service as long as the context lasts. Raises StartError."""
    with tempfile.TemporaryDirectory(prefix="actas-demo-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "actas", "serve", "--listen", "127.0.0.1:0", "--policies", str(POLICIES)]
        command += [
            "--workers",
            "1",
            "--engine",
            "sidecar",
            "--receipts",
            store(folder),
            "--pid-file",
            str(folder / "serve.pid"),
        ]
        # Only our flags count, not the configuration of whoever runs this.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}
        chosen = {name: os.environ[name] for name in ("ACTAS_OPA",) if name in os.environ}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, env=kept | chosen, stdout=log, stderr=log)
        service = Service(process, folder)
        try:
            service.wait_until_it_serves()
            yield service
        finally:
            service.stop()
