"""How many processor cores this process may use, which is the default number of workers."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

_CGROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def usable_cores(groups: Path = _CGROUPS, own: Path = _OWN) -> int:
    """Count the cores of this process's affinity, at most the quota of its control groups, rounded up.

    Only Linux lets processes share a port as workers do: elsewhere it is 1.
    """
    if sys.platform != "linux":
        return 1
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota(groups, own))))


def _quota(groups: Path, own: Path) -> float:
    """Give the least quota in cores from this process's group up to the root (`cpu.max` of cgroup v2)."""
    lines = _text(own).splitlines()
    name = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    group = groups / name.lstrip("/")
    quotas = [_cores(_text(folder / "cpu.max")) for folder in (group, *group.parents) if folder.is_relative_to(groups)]
    return min(quotas, default=math.inf)


def _cores(limit: str) -> float:
    quota, _, period = limit.strip().partition(" ")
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else math.inf


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
