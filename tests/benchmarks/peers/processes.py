"""Starting the peers that are processes of their own, and waiting until they serve."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from servers import START_SECONDS, Server


def free_port() -> int:
    """Give a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    command: Sequence[object],
    log: Path,
    address: Callable[[str], str],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run *command*, texts and paths, with its output in *log*.

    *address* reads from that where it serves, or gives nothing yet. Raises RuntimeError with the end of *log*.
    """
    with (
        log.open("w") as out,
        subprocess.Popen(list(map(str, command)), stdout=out, stderr=out, env=environment) as process,
    ):
        try:
            yield Server(psutil.Process(process.pid), _wait(process, log, address))
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], log: Path, address: Callable[[str], str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := address(log.read_text(encoding="utf-8", errors="replace")):
            return found
        time.sleep(0.05)
    raise RuntimeError(f"{log.stem} did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def first_line(log: str) -> str:
    """Give the first line of *log*, once it is whole."""
    line, end, _ = log.partition("\n")
    return line if end else ""


def if_open(address: str) -> str:
    """Give *address* once somebody listens there."""
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return "" if probe.connect_ex((host, int(port))) else address
