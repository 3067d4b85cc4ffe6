"""What is said to be durable is: an answer's receipt and what is said about the chains, seen from the system calls."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from actas.client import AsyncDecisionClient
from service_support import RunningService, adopter_root, exchange, service, until

CALLERS = 32
_CALL = re.compile(r"^(\d+) +([0-9.]+) (?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")


@dataclass(frozen=True)
class Call:
    """One system call, at the time when it returned, or began where it sends something."""

    at: float
    name: str
    text: str


@pytest.fixture
def strace() -> str:
    """Give the program, where there is one that may trace."""
    found = shutil.which("strace")
    if found is None or subprocess.run([found, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        pytest.skip("there is no strace that may trace: 'make deps' as root installs it")
    return found


def test_no_answer_precedes_the_sync_of_its_own_receipt(tmp_path: Path, strace: str) -> None:
    """Each answer is sent after an fdatasync that began after its receipt was written; few of them serve many."""
    answered = asyncio.run(_traced(tmp_path, strace))
    calls = _read(tmp_path / "trace")
    syncs = [call.at for call in calls if call.name == "fdatasync"]
    written = {name: _first(calls, "pwrite64", name) for name in answered}
    sent = {name: _first(calls, "sendmsg", name) for name in answered}

    assert len(set(answered)) == 8 + CALLERS * 4
    assert [name for name in answered if written[name] is None or sent[name] is None] == []
    early = [name for name in answered if not any(written[name] < at <= sent[name] for at in syncs)]
    assert early == []
    # The first eight came one by one: each has a sync of its own. Of the others, one served many.
    alone = [sum(sent[before] < at <= sent[name] for at in syncs) for before, name in pairwise(answered[:8])]
    assert min(alone) >= 1
    assert sum(at > sent[answered[7]] for at in syncs) < CALLERS * 4


ADD = """
import sys
from pathlib import Path
from actas.evidence.signing import new_key
from actas.receipts.statements import Sink, of

for _ in range(2):
    Sink(Path(sys.argv[1])).add(of("checkpoint", "store", []), new_key())
"""


@pytest.mark.parametrize(("directory", "syncs"), [(False, "file names file"), (True, "file names file names")])
def test_a_statement_is_durable_together_with_its_name(
    tmp_path: Path, strace: str, directory: bool, syncs: str
) -> None:
    """What a sink has lost cannot be held against a store that was cut off: a new file's name is synced, too."""
    sink = tmp_path / "said"
    if directory:
        sink.mkdir()
    traced = ["-f", "-y", "-e", "trace=fsync", "-o", str(tmp_path / "trace")]
    subprocess.run([strace, *traced, sys.executable, "-c", ADD, str(sink)], check=True, timeout=60)

    synced = re.findall(r"fsync\(\d+<(.*)>\)", (tmp_path / "trace").read_text(encoding="utf-8"))
    assert " ".join("names" if Path(name).is_dir() else "file" for name in synced) == syncs


async def _traced(folder: Path, strace: str) -> list[str]:
    (folder / "policies").mkdir()
    adopter_root(folder / "policies")
    async with service(
        folder, {"policies": folder / "policies", "receipts": f"sqlite:///{folder}/receipts.db"}
    ) as running:
        tracer = _attach(running, folder, strace)
        try:
            await until((folder / "trace").exists)
            async with AsyncDecisionClient(running.address, connections=1) as client:
                answered = [(await client.decide(exchange())).decision_id for _ in range(8)]
                for _ in range(4):
                    many = await asyncio.gather(*(client.decide(exchange(), timeout=20) for _ in range(CALLERS)))
                    answered += [decision.decision_id for decision in many]
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=20)
    return answered


def _attach(running: RunningService, folder: Path, strace: str) -> subprocess.Popen[str]:
    traced = ["-f", "-ttt", "-s", "200000", "-e", "trace=fdatasync,pwrite64,sendmsg", "-o", str(folder / "trace")]
    tracer = subprocess.Popen([strace, *traced, "-p", str(running.process.pid)], stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    assert "attached" in tracer.stderr.readline()
    time.sleep(0.2)
    return tracer


def _read(trace: Path) -> list[Call]:
    calls = []
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _CALL.match(line)
        if found is None:
            continue
        _, at, name, text, resumed, rest = found.groups()
        if name == "fdatasync" and "unfinished" in text:
            continue  # it counts from when it has returned
        if name or resumed == "fdatasync":
            calls.append(Call(float(at), name or resumed, text or rest))
    return calls


def _first(calls: list[Call], name: str, decision_id: str) -> float | None:
    return next((call.at for call in calls if call.name == name and decision_id in call.text), None)
