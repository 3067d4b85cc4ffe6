"""What a durable receipt adds to the answer of a single caller, beside what the disk itself takes for it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from figures import Block

WITH, WITHOUT = "receipts_1", "no_receipts_1"
ALLOWED_MS = 0.5
_SYNCS = 300
# About as much as a commit of one receipt adds to SQLite's log.
_WRITTEN = bytes(52 * 1024)


def measure(blocks: Mapping[str, Sequence[Block]], folder: Path) -> dict[str, Any]:
    """Give milliseconds: one fdatasync in *folder*, and how much later the median answer comes with receipts."""
    added = [kept.p50_ms - bare.p50_ms for kept, bare in zip(blocks[WITH], blocks[WITHOUT], strict=True)]
    return {"fsync_ms": round(_fsync_ms(folder), 3), "added_p50_ms": round(statistics.median(added), 3)}


def _fsync_ms(folder: Path) -> float:
    descriptor = os.open(folder / "fsync", os.O_CREAT | os.O_WRONLY)
    took = []
    try:
        for _ in range(_SYNCS):
            os.write(descriptor, _WRITTEN)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            took.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
    return 1000 * statistics.median(took)
