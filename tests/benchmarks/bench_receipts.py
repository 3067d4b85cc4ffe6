"""`make bench-receipts`: ten million receipts on SQLite and PostgreSQL, and what each question about them takes.

Writes build/bench-receipts.json: milliseconds by question and percentile, and those of this process's CPU for each
asking, with the plans that the databases made.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from receipt_load import load
from receipt_questions import measure, plans, questions, scans

from actas.server import garbage
from actas.store import Database
from postgres_support import postgres

ROOT = Path(__file__).resolve().parents[2]
BOUND_MS = 100.0
_PERCENTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99}
_POSTGRESQL = ("shared_buffers=1GB", "max_wal_size=16GB", "wal_level=minimal", "max_wal_senders=0")


def main() -> int:
    """Run as the command line says; 1 where a question takes too long or looks at all receipts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="how many decisions")
    parser.add_argument("--times", type=int, default=200, help="how often each question is asked")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), action="append", help="only this database")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-receipts.json", help="the file to write")
    chosen = parser.parse_args()
    # Whoever ends this leaves neither a database nor its gigabytes behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    result: dict[str, Any] = {"rows": chosen.rows, "times": chosen.times, "machine": machine(), "commit": commit()}
    for kind in chosen.only or ("sqlite", "postgresql"):
        with opened(kind) as database:
            result[kind] = benched(kind, database, chosen.rows, chosen.times)
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"written to {chosen.out}")
    return verdict(result)


def benched(kind: str, database: Database, rows: int, times: int) -> dict[str, Any]:
    """Load *database*, and ask every question so many *times*."""
    began = time.monotonic()
    world = load(database, rows, say_of(kind))
    result: dict[str, Any] = {"load_seconds": round(time.monotonic() - began), "questions": {}}
    # What else the machine does shows in every figure.
    result["load_average"] = round(os.getloadavg()[0], 1)
    # As a service does when it has started.
    garbage.settle()
    print(f"\n{kind}: {rows:,} decisions loaded in {result['load_seconds']} s")
    for name, make in questions(world).items():
        lines, before = plans(database, make()), time.process_time()
        taken = measure(database, make, times)
        # What the processor did for each, without what it did for others meanwhile; PostgreSQL's part is not in it.
        figures: dict[str, Any] = {"cpu_ms": round((time.process_time() - before) * 1000 / times, 2)}
        figures |= {key: round(taken[int((times - 1) * part)], 2) for key, part in _PERCENTILES.items()}
        result["questions"][name] = figures | {"plan": lines, "scans": scans(lines, sqlite=database.is_sqlite)}
        print(f"{name:28}" + "".join(f"{figures[key]:10.1f}" for key in (*_PERCENTILES, "cpu_ms")), flush=True)
    return result


def verdict(result: dict[str, Any]) -> int:
    """Say which questions are not answered as they must be."""
    slow = []
    for kind in ("sqlite", "postgresql"):
        for name, figures in result.get(kind, {}).get("questions", {}).items():
            if figures["scans"]:
                slow.append(f"{kind} {name} looks at all receipts: {figures['scans']}")
            elif figures["p99_ms"] > BOUND_MS:
                slow.append(f"{kind} {name}: {figures['p99_ms']} ms of at most {BOUND_MS:g}")
    print("\n".join(slow) or f"every question is answered within {BOUND_MS:g} ms (p99), along indexes")
    return 1 if slow else 0


@contextmanager
def opened(kind: str) -> Iterator[Database]:
    """Open an empty store on a disk, not in memory."""
    if kind == "postgresql":
        with postgres(*_POSTGRESQL) as server:
            database = Database.open(server.url)
            yield database
            database.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="actas-receipts-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    try:
        database = Database.open(f"sqlite:///{folder}/receipts.db")
        yield database
        database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def say_of(kind: str) -> Any:
    """Give what tells how far a load is, at most once a second."""
    told = 0.0

    def say(words: str) -> None:
        nonlocal told
        if time.monotonic() - told >= 1.0 or words.startswith(("index", "vacuum", "counting")):
            told = time.monotonic()
            print(f"{kind}: {words}", file=sys.stderr, flush=True)

    return say


def machine() -> str:
    """Say what it runs on."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"
    )


def commit() -> str:
    """Say of which commit the figures are."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
