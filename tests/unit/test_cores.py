"""How many workers there are when nobody says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actas.config import load
from actas.cores import usable_cores
from actas.errors import ConfigError

THERE = len(os.sched_getaffinity(0))


def groups(folder: Path, own: str, **limits: str) -> tuple[Path, Path]:
    """Lay out control groups, `a__b` for a/b, and the file that says which of them is ours."""
    (folder / "own").write_text(f"0::{own}\n")
    for name, limit in limits.items():
        group = folder / "groups" / name.replace("__", "/").replace("root", ".")
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.max").write_text(f"{limit}\n")
    return folder / "groups", folder / "own"


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", THERE), ("50000 100000", 1), ("1100000 100000", min(THERE, 11)), ("x", THERE)]
)
def test_a_quota_bounds_the_cores(tmp_path: Path, limit: str, cores: int) -> None:
    """Rounded up, and never none."""
    assert usable_cores(*groups(tmp_path, "/a/b", a__b=limit)) == cores


def test_the_quota_of_a_group_above_counts_too(tmp_path: Path) -> None:
    """The least of them."""
    assert usable_cores(*groups(tmp_path, "/a/b", a__b="max 100000", a="100000 100000")) == 1
    assert usable_cores(*groups(tmp_path, "/", root="100000 100000")) == 1


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    """Nothing to read is no quota."""
    assert usable_cores(tmp_path, tmp_path / "none") == THERE


def test_affinity_bounds_the_default_of_the_configuration() -> None:
    """What is said wins over it; nonsense is refused."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert load().workers == 1
        assert load({"workers": 3}).workers == 3
    finally:
        os.sched_setaffinity(0, before)
    for wrong in (0, -1, 257, "many"):
        with pytest.raises(ConfigError, match="workers"):
            load({"workers": wrong})


def test_a_unix_path_leaves_room_for_the_number_of_a_worker(tmp_path: Path) -> None:
    """A path that is just short enough for one process may not be for several."""
    path = tmp_path / ("x" * (100 - len(str(tmp_path))))
    assert load({"listen": f"unix:{path}", "workers": 1})
    with pytest.raises(ConfigError, match="number of a worker"):
        load({"listen": f"unix:{path}", "workers": 2})
