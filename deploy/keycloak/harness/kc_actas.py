"""The real Actas as a process of its own: `actas serve` on one port, whether it runs or not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import kc_process
from kc_process import StartError

from ports import free_port

POLICIES = Path(__file__).resolve().parents[1] / "policies"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
_PUBLIC, _PRIVATE = "approvals.jwks.json", "approvals.key.pem"


class Actas:
    """An Actas that runs as long as the context lasts; port 0 takes a free one and keeps it over restarts.

    The policies are copied, and their key for approvals is replaced by one that is made here.
    """

    def __init__(
        self,
        port: int = 0,
        policies: Sequence[Path] = (POLICIES,),
        *,
        extra: Sequence[str] = (),
        keeps_receipts: bool = False,
    ) -> None:
        """Serve *policies*; *extra* are further flags of `actas serve`."""
        self.address = f"127.0.0.1:{port or free_port()}"
        self._sources, self._extra = tuple(policies), tuple(extra)
        self._keeps_receipts = keeps_receipts
        self._group: kc_process.Group | None = None
        self._folder: Path | None = None
        self._last_log = ""

    def __enter__(self) -> Self:
        """Start, and wait until it serves. Raises StartError."""
        try:
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and remove every file."""
        try:
            self.stop()
        finally:
            self._remove()

    @property
    def folder(self) -> Path:
        """Where the key, the copied policies and the log are."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="actas-running-"))
            self._lay_out(self._folder)
        return self._folder

    @property
    def approval_key(self) -> Path:
        """The private key with which `actas approve` signs."""
        return self.folder / _PRIVATE

    @property
    def approval_kid(self) -> str:
        """The name of that key in the registry's file."""
        public = json.loads((self.policies[0] / _PUBLIC).read_text(encoding="utf-8"))
        return str(public["keys"][0]["kid"])

    @property
    def receipts(self) -> str:
        """Where receipts are kept, if they are."""
        return f"sqlite:///{self.folder / 'receipts.db'}"

    @property
    def policies(self) -> list[Path]:
        """The copied policies, which may be changed."""
        return [self.folder / f"policies-{number}" for number, _ in enumerate(self._sources)]

    def start(self) -> None:
        """Start it, on the same port as before. Raises StartError."""
        before = len(self.log_text())
        command = [sys.executable, "-m", "actas", "serve", "--workers", "1", "--listen", self.address]
        for root in self.policies:
            command += ["--policies", str(root)]
        if self._keeps_receipts:
            command += ["--receipts", self.receipts]
        command += ["--pid-file", str(self.folder / "serve.pid"), *self._extra]
        # What a killed one leaves behind goes with the folder.
        environment = _environment() | {"TMPDIR": str(self.folder / "tmp")}
        self._group = kc_process.Group(command, cwd=self.folder, env=environment, log=self.folder / "log")
        try:
            self._wait(self._group, before)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> bool:
        """Stop it, and say whether it did so by itself."""
        clean = self._group.stop(STOP_SECONDS) if self._group is not None else True
        self._group = None
        return clean

    def kill(self) -> None:
        """Kill it and its OPA, as a crash would."""
        if self._group is not None:
            self._group.kill()
        self._group = None

    def freeze(self) -> None:
        """Make it hang: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def log_text(self) -> str:
        """Everything that it has logged over all its starts, also after the context ended."""
        if self._folder is None or not (log := self._folder / "log").is_file():
            return self._last_log
        return log.read_text(encoding="utf-8", errors="replace")

    def decisions(self) -> list[dict[str, Any]]:
        """Give every decision that it has logged, first to last."""
        return [line for line in _lines(self.log_text()) if line.get("event") == "decision"]

    def _lay_out(self, folder: Path) -> None:
        command = [sys.executable, "-m", "actas", "approve", "--new-key", str(folder)]
        made = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise StartError(f"no key for approvals: {made.stderr.strip()}")
        (folder / "tmp").mkdir()
        for number, source in enumerate(self._sources):
            root = folder / f"policies-{number}"
            shutil.copytree(source, root)
            if (root / _PUBLIC).is_file():
                shutil.copy(folder / _PUBLIC, root / _PUBLIC)

    def _signal(self, number: int) -> None:
        if self._group is None:
            raise StartError("Actas does not run")
        self._group.signal(number)

    def _wait(self, group: kc_process.Group, before: int) -> None:
        end = time.monotonic() + START_SECONDS
        while not any(line.get("event") == "serving" for line in _lines(self.log_text()[before:])):
            if group.ended:
                raise group.failed("Actas ended while it started:")
            if time.monotonic() > end:
                raise group.failed(f"Actas did not start within {START_SECONDS:.0f} s:")
            time.sleep(0.05)

    def _remove(self) -> None:
        self._last_log = self.log_text()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None


def _environment() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in ("ACTAS_OPA",) if name in os.environ}
    return kc_process.own_environment("ACTAS_") | chosen


def _lines(text: str) -> list[dict[str, Any]]:
    """Give the whole lines of a log that are JSON objects; the last one may be half written."""
    whole = text[: text.rfind("\n") + 1]
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
