"""Says on standard error what takes longer than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

from rich.console import Console

# Seconds of silence before the first word, and between words where no line can be rewritten.
PATIENCE = 2.0
REPEAT = 15.0


class Progress:
    """A line that comes after `PATIENCE` and goes when the work is done; plain lines where there is no terminal."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._console = Console(stderr=True)
        self._done = threading.Event()
        self._speaker = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        self._speaker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Say nothing more: the answers are coming."""
        self._done.set()
        self._speaker.join()

    def say(self, doing: str) -> None:
        """Change what is being done, as `running cases, 12 of 40`."""
        self._doing = doing

    def _speak(self) -> None:
        started = time.monotonic()
        if self._done.wait(PATIENCE):
            return
        if self._console.is_terminal:
            with self._console.status("") as status:
                while not self._done.wait(0.2):
                    status.update(self._sentence(started))
            return
        while True:
            print(self._sentence(started), file=sys.stderr, flush=True)
            if self._done.wait(REPEAT):
                return

    def _sentence(self, started: float) -> str:
        return f"{self._doing} ({time.monotonic() - started:.0f} s)"
