"""One OPA process: started on loopback with its own credentials, waited for, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from actas.engine import exec_child
from actas.engine.credentials import LOOPBACK, Credentials, make_credentials
from actas.engine.opa import OpaAddress, OpaConnection
from actas.errors import EngineError, Status

START_SECONDS = 60.0
STOP_SECONDS = 3.0
PORT_ATTEMPTS = 5
BACKGROUND_NICENESS = 10
# The binaries' own garbage collector needs a second core at times; a batch is evaluated on one.
GOMAXPROCS = "2"
# A decision leaves some 200 KB of garbage over a small heap, so Go's default collects all the time: a batch cost
# 1.08 ms per decision with it, 0.83 ms so. GOMEMLIMIT still bounds the whole.
GOGC = "1000"
_READY_POLL_SECONDS = 0.02
_MEMORY_BASE = 256 * 2**20
# JSON takes about 20 times its size in OPA (as measured by its authors); twice that leaves room for requests.
_MEMORY_PER_BUNDLE_BYTE = 40
_PORT_TAKEN = "address already in use"
_KEPT_OUTPUT = 4096


@dataclass(frozen=True, slots=True)
class OpaCommand:
    """What to run: the binary, the policy bundle (a tarball that declares its roots), the admitted paths.

    In the `background` it yields the processor to engines that serve.
    """

    opa: Path
    bundle: Path
    paths: tuple[str, ...]
    background: bool = False


class OpaProcess:
    """A running OPA and the connections to it. Made by `start_opa`."""

    def __init__(
        self, process: asyncio.subprocess.Process, connection: OpaConnection, port: int, directory: str
    ) -> None:
        self.connection = connection
        self.port = port
        self._process = process
        self._directory = directory
        self._output = b""
        self._reader = asyncio.get_running_loop().create_task(self._keep_last_output())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exited(self) -> bool:
        """Whether the process has ended."""
        return self._process.returncode is not None

    async def wait(self) -> str:
        """Wait until the process ends; return how it ended, as a sentence."""
        status = await self._process.wait()
        # Waited for like this, the reader survives when whoever waits is cancelled.
        await asyncio.wait({self._reader})
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"exited with status {status}"
        said = _complaints(self._output)
        return f"OPA {how}: {said}" if said else f"OPA {how}"

    async def stop(self) -> None:
        """Ask OPA to end, then make it; release its port, files and connections."""
        await self.connection.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        finally:
            await asyncio.wait({self._reader})
            shutil.rmtree(self._directory, ignore_errors=True)

    async def kill(self) -> None:
        """End OPA at once, for one that has crashed or hangs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self.stop()

    async def until_ready(self) -> None:
        """Wait until OPA answers; raise `EngineError` when it ends first or takes too long."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not await self.connection.is_healthy(timeout=1.0):
            if self.exited:
                raise _start_error(await self.wait())
            if asyncio.get_running_loop().time() > deadline:
                raise _start_error(f"OPA was not ready within {START_SECONDS:.0f} s")
            await asyncio.sleep(_READY_POLL_SECONDS)

    async def _keep_last_output(self) -> None:
        """OPA would stop at a full pipe, so somebody has to read."""
        output = self._process.stdout
        while output and (chunk := await output.read(_KEPT_OUTPUT)):
            self._output = (self._output + chunk)[-_KEPT_OUTPUT:]


async def start_opa(command: OpaCommand) -> OpaProcess:
    """Start OPA on a free port and wait until it is ready.

    Another process may take the port before OPA does, so that is tried again. Raises `EngineError`
    with what OPA said.
    """
    if not os.access(command.opa, os.X_OK):
        raise _start_error(f"there is no OPA binary at {command.opa}")
    if not command.bundle.is_file():
        raise _start_error(f"there is no policy bundle at {command.bundle}")
    for _ in range(PORT_ATTEMPTS - 1):
        try:
            return await _start_once(command, _free_port())
        except EngineError as error:
            if _PORT_TAKEN not in error.message:
                raise
    return await _start_once(command, _free_port())


async def _start_once(command: OpaCommand, port: int) -> OpaProcess:
    directory = tempfile.mkdtemp(prefix="actas-opa-")
    try:
        credentials = make_credentials(Path(directory), command.paths)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", exec_child.__file__, str(os.getpid())),
            *(str(BACKGROUND_NICENESS if command.background else 0), str(most_memory(command.bundle))),
            *_arguments(command, credentials, port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(command.bundle),
            cwd="/",
            # Ctrl-C in a terminal must reach the service alone, which finishes its calls first.
            start_new_session=True,
        )
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    connection = await OpaConnection.open(OpaAddress(LOOPBACK, port, credentials.tls, credentials.token))
    opa = OpaProcess(process, connection, port, directory)
    try:
        await opa.until_ready()
    except BaseException:
        await opa.stop()
        raise
    return opa


def _arguments(command: OpaCommand, credentials: Credentials, port: int) -> list[str]:
    return [
        *(str(command.opa.absolute()), "run", "--server", f"--addr={LOOPBACK}:{port}"),
        *(f"--tls-cert-file={credentials.certificate}", f"--tls-private-key-file={credentials.key}"),
        *("--min-tls-version=1.3", "--authentication=token", "--authorization=basic"),
        *("--log-level=error", "--log-format=json", "--skip-version-check"),
        *("--bundle", str(command.bundle.absolute()), str(credentials.authorization_bundle)),
    ]


def _environment(bundle: Path) -> dict[str, str]:
    """Nothing of the service's own environment: it may hold secrets, or settings that OPA would follow."""
    return {"GOMAXPROCS": GOMAXPROCS, "GOGC": GOGC, "GOMEMLIMIT": str(_memory(bundle))}


def most_memory(bundle: Path) -> int:
    """Give the bytes that OPA can have at all: it ends, and is started again, when it wants more."""
    return 2 * _memory(bundle) + _MEMORY_BASE


def _memory(bundle: Path) -> int:
    """Give the bytes that OPA's garbage collector keeps it below, as long as what is in use fits."""
    # A gzip file ends with the size of what it holds (RFC 1952, section 2.3.1).
    return _MEMORY_BASE + _MEMORY_PER_BUNDLE_BYTE * int.from_bytes(bundle.read_bytes()[-4:], "little")


def _complaints(output: bytes) -> str:
    """What OPA's last output says went wrong: log entries from level error on, and whatever is no log entry."""
    said = []
    for line in output.decode(errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            said.append(line.strip())
            continue
        if type(entry) is dict and entry.get("level") not in ("warning", "info", "debug"):
            said.append(str(entry.get("err") or entry.get("msg")))
    return "; ".join(said)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _start_error(message: str) -> EngineError:
    return EngineError(f"OPA could not be started: {message}", status=Status.UNAVAILABLE, reason="ENGINE_NOT_STARTED")
