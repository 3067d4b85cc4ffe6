"""Several workers behind one address, each a process of its own, and how calls were shared over them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from actas.request import ExchangeRequest

ENOUGH = 0.35
"""The least share of the calls that each of two workers gets."""
REQUEST = ExchangeRequest("https://as.example", request_id="r-1", resource=("https://api.example/",), scope="read")
_PROGRAM = Path(__file__).with_name("hinting_worker.py")


class Workers:
    """Workers at one address; each starts and ends on its own."""

    def __init__(self, address: str, count: int, *, hints: bool = True, seconds: float = 0.0) -> None:
        """Choose how many, whether they name themselves, and how long each takes to answer."""
        self.address = address
        self.count = count
        self._hints = hints
        self._seconds = seconds
        self._running: dict[int, subprocess.Popen[str]] = {}

    def start(self, number: int) -> str:
        """Start one, wait until it listens, and give the name that its decisions have."""
        address = f"{self.address}.{number}" if self.address.startswith("unix:") else self.address
        hint = f"{number}/{self.count}" if self._hints else ""
        command = [sys.executable, str(_PROGRAM), address, hint, str(self._seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._running[number] = process
        assert process.stdout is not None
        assert process.stdout.readline() == "listens\n"
        return str(process.pid)

    def kill(self, number: int) -> None:
        """End one as a crash would."""
        process = self._running.pop(number)
        process.kill()
        self._over(process)

    def __enter__(self) -> Self:
        """Give it; none runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all."""
        for number in list(self._running):
            self.kill(number)

    @staticmethod
    def _over(process: subprocess.Popen[str]) -> None:
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def shared_port() -> Iterator[str]:
    """Give an address that several processes can listen on, which nobody else takes meanwhile."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def least_share(answered: Counter[str], workers: int = 2) -> float:
    """Give the share of the worker that answered least; 0 where one of them answered nothing."""
    return min(answered.values()) / answered.total() if len(answered) == workers else 0.0
