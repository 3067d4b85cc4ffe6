"""The directory in which a supervisor leaves what its workers need; only their user can enter it.

Everything here is made anew at each start, and gone with the service.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from actas.config import Config
from actas.errors import EngineError
from actas.evidence import single_use_files
from actas.policy.bundle import CompiledPolicy
from actas.policy.key_files import check_keys
from actas.server.workers.channel import Message

# Of all metrics of a worker there are 30 KiB when every code and status has occurred, and 60 KiB more when there are as
# many versions of agents as are counted (`agent_metrics`); a file grows where that is too little.
_METRIC_BYTES = 256 << 10
_METRIC_KINDS = ("counter", "histogram")


@dataclass(frozen=True, slots=True)
class Settings:
    """What one worker process is told at its start. *metrics* names its files among those of the others."""

    config: Config
    number: int
    generation: int
    of: int
    since: float
    runtime: Path
    metrics: str


@dataclass(frozen=True, slots=True)
class Package:
    """A compiled revision in a file. Its digest goes another way: a file is run unchecked, as code and as pickle."""

    file: Path
    digest: str
    revision: str

    def to_message(self) -> Message:
        """Say where it is."""
        return {"file": str(self.file), "digest": self.digest, "revision": self.revision}


class Runtime:
    """The directory itself. Made by `made`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.approvals = path / "approvals"
        self.metrics = path / "metrics"
        self.revisions = path / "revisions"

    def pack(self, compiled: CompiledPolicy, machine_code: bytes) -> Package:
        """Write *compiled* down for the workers; raises EngineError."""
        # Keys are handles of a library; they are read again from the text that came with them.
        bare = replace(compiled, data=replace(compiled.data, issuer_keys={}))
        content = pickle.dumps((bare, machine_code), pickle.HIGHEST_PROTOCOL)
        file = compiled.path.with_name(f"{compiled.path.name}.package")
        try:
            file.write_bytes(content)
        except OSError as error:
            raise EngineError(f"the revision cannot be handed to the workers: {error.strerror}") from None
        return Package(file, hashlib.sha256(content).hexdigest(), compiled.revision)

    def settings(self, settings: Settings) -> Path:
        """Write down what a worker is told, and give the file; raises EngineError."""
        file = self.path / f"worker-{settings.number}.settings"
        # What `load` gives is of a class of its own, which no other process knows.
        config = Config.model_construct(settings.config.model_fields_set, **dict(settings.config))
        try:
            file.write_bytes(pickle.dumps(replace(settings, config=config)))
        except OSError as error:
            raise EngineError(f"a worker cannot be told what to do: {error.strerror}") from None
        return file

    def working_directory(self, number: int, generation: int) -> Path:
        """Give the name of the directory that this very worker makes for itself."""
        return self.path / f"worker-{number}-{generation}"

    def forget(self, number: int, generation: int) -> None:
        """Delete what a worker that ended has left."""
        shutil.rmtree(self.working_directory(number, generation), ignore_errors=True)


@contextmanager
def made(workers: int) -> Iterator[Runtime]:
    """Make the directory for so many workers, and delete it in the end; raises EngineError."""
    try:
        with tempfile.TemporaryDirectory(prefix="actas-serve-", ignore_cleanup_errors=True) as name:
            runtime = Runtime(Path(name))
            # systemd-tmpfiles deletes what is old below /tmp, but not below a directory that is locked.
            lock = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                runtime.revisions.mkdir()
                single_use_files.prepare(runtime.approvals)
                _metric_files(runtime.metrics, workers + 1)
                yield runtime
            finally:
                os.close(lock)
    except OSError as error:
        raise EngineError(f"the workers' directory cannot be made: {error.strerror}") from None


def read_settings(file: Path) -> Settings:
    """Read what the supervisor wrote for this worker."""
    settings: Settings = pickle.loads(file.read_bytes())  # noqa: S301 - nobody but our user can write there
    return settings


def unpack(message: Message) -> tuple[CompiledPolicy, bytes]:
    """Read the package that *message* names; raises EngineError."""
    try:
        content = Path(message["file"]).read_bytes()
    except OSError as error:
        raise EngineError(f"the revision cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != message["digest"]:
        raise EngineError("the revision is not what the supervisor wrote")
    bare, machine_code = pickle.loads(content)  # noqa: S301 - what the supervisor wrote, as its digest shows
    keys, _ = check_keys(bare.sources.keys, bare.data.registry)
    return replace(bare, data=replace(bare.data, issuer_keys=keys)), machine_code


def _metric_files(folder: Path, places: int) -> None:
    folder.mkdir()
    for place in range(places):
        for kind in _METRIC_KINDS:
            with (folder / f"{kind}_{place}.db").open("wb") as file:
                # prometheus_client maps a file with holes; on a full disk the kernel kills who writes into one.
                os.posix_fallocate(file.fileno(), 0, _METRIC_BYTES)
