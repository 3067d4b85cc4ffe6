"""What Go builds for the benchmark: the server that embeds OPA, and the load generator ghz."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from actas.engine.opa_binary import Progress, print_progress
from peers import missing
from peers.missing import PeerMissingError

SOURCE = Path(__file__).parent / "go_embed"
GHZ_VERSION = "0.121.0"


def go_embed(*, progress: Progress = print_progress) -> Path:
    """Give the server of go_embed/, built where its source is new; raises `PeerMissingError`."""
    sources = [SOURCE / name for name in ("main.go", "go.mod", "go.sum")]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    target = missing.cache() / "go_embed" / digest / "go_embed"
    if not target.is_file():
        what = "Building the Go server that embeds OPA (about 2 minutes on two cores)"
        build(target, ["build", "-trimpath", "-mod=readonly"], SOURCE, what, progress)
    return target


def ghz(*, progress: Progress = print_progress) -> Path:
    """Give ghz of the pinned version; raises `PeerMissingError`."""
    target = missing.cache() / "ghz" / GHZ_VERSION / "ghz"
    if not target.is_file():
        what = f"Building the load generator ghz {GHZ_VERSION} (about 2 minutes on two cores)"
        build(target, ["install", f"github.com/bojand/ghz/cmd/ghz@v{GHZ_VERSION}"], None, what, progress)
    return target


def build(target: Path, arguments: list[str], source: Path | None, what: str, progress: Progress) -> None:
    """Have Go make *target*, of *source* where it is given; raises `PeerMissingError`."""
    go = shutil.which("go")
    if go is None:
        raise PeerMissingError(f"{target.name} is built with Go, and there is none: install golang-go, 1.21 or newer")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="actas-go-", dir=target.parent) as directory:
        folder = Path(directory)
        # The flags of this shell must not change what is measured.
        environment = {**os.environ, "GOBIN": directory, "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "auto"}
        output = ["-o", str(folder / target.name)] if source else []
        command = [go, arguments[0], *output, *arguments[1:]]
        missing.run(command, what, folder=source or folder, environment=environment, progress=progress)
        # A rename: whoever else builds at the same time sees a whole binary or none.
        (folder / target.name).replace(target)
