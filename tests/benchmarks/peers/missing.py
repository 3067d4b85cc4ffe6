"""Things that a peer needs, built or fetched once into the user's cache, with progress for the person who waits."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from actas.engine.opa_binary import Progress, cache_path, print_progress

_TELL_EVERY_SECONDS = 5.0
_LONGEST_SECONDS = 900.0
_LONGEST_COMPLAINT = 2000


class PeerMissingError(Exception):
    """A peer cannot be had on this machine; the message says what to install, in one sentence."""


def cache() -> Path:
    """Where built and fetched peers are kept: beside OPA, in the user's cache."""
    return cache_path().parents[2] / "benchmarks"


def run(
    command: Sequence[str | Path],
    what: str,
    *,
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress = print_progress,
) -> None:
    """Run *command* in *folder* and tell every few seconds that *what* is still under way.

    Raises `PeerMissingError` with the end of its output when it fails.
    """
    began = time.monotonic()
    progress(what)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                elapsed = time.monotonic() - began
                if elapsed > _LONGEST_SECONDS:
                    raise PeerMissingError(f"{what}: it took more than {_LONGEST_SECONDS:.0f} s")
                try:
                    process.wait(_TELL_EVERY_SECONDS)
                except subprocess.TimeoutExpired:
                    progress(f"  still at it, {elapsed + _TELL_EVERY_SECONDS:.0f} s so far")
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            output.seek(0)
            told = output.read().decode(errors="replace").strip()[-_LONGEST_COMPLAINT:]
            raise PeerMissingError(f"{what}: it failed: {told or 'it says nothing'}")
