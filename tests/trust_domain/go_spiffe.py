"""The client of go_client/, which asks a Workload API with go-spiffe, the standard's own library."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from peers import go_tools, missing

from actas.engine.opa_binary import print_progress

SOURCE = Path(__file__).parent / "go_client"


def client() -> Path:
    """Give the client, built where its source is new; raises `PeerMissingError`."""
    sources = [SOURCE / name for name in ("main.go", "go.mod", "go.sum")]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    target = missing.cache() / "go_spiffe" / digest / "go_spiffe"
    if not target.is_file():
        what = "Building the client of go-spiffe (about half a minute on two cores)"
        go_tools.build(target, ["build", "-trimpath", "-mod=readonly"], SOURCE, what, print_progress)
    return target


@contextmanager
def asking(address: str, *, rotations: int) -> Iterator[Iterator[dict[str, Any]]]:
    """Give what the client tells, first at once and then after each of *rotations*; it must end well."""
    command = [str(client()), "-address", address, "-rotations", str(rotations)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield (json.loads(line) for line in process.stdout or ())
            complaint = process.communicate(timeout=60)[1]
            assert process.returncode == 0, complaint
        finally:
            process.kill()
