"""Watching policy roots: one change of the files, however many of them, is one call.

Git replaces files one by one and holds `index.lock` and `HEAD.lock` while it does; activating in between
would serve half of a checkout. So a change counts when the locks are gone and nothing moved for a while.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from watchfiles import awatch

from actas.policy.folders import folders
from actas.policy.git import git_directory, head_commit

QUIET_SECONDS = 0.3
# File notification is lost on network file systems and when a root itself is replaced.
LOOK_ANYWAY_MILLISECONDS = 5_000
_LOCKS = ("index.lock", "HEAD.lock")
_NOT_POLICY = frozenset({".git", "__pycache__"})

Fingerprint = tuple[tuple[str, int, int, int], ...]


async def watch(
    roots: Sequence[Path],
    on_change: Callable[[], Awaitable[object]],
    *,
    stop: asyncio.Event,
    quiet_seconds: float = QUIET_SECONDS,
) -> None:
    """Call *on_change* after every settled change below *roots*, until *stop* is set.

    Changes during a call lead to one more call when it ends.
    """
    known = fingerprint(roots)
    while not stop.is_set():
        folders = sorted({root if root.is_dir() else root.parent for root in roots if root.parent.is_dir()})
        async for _changes in awatch(
            *folders,
            stop_event=stop,
            debounce=50,
            step=50,
            rust_timeout=LOOK_ANYWAY_MILLISECONDS,
            yield_on_timeout=True,
            watch_filter=None,
        ):
            current = await _settled(roots, quiet_seconds)
            if current != known:
                known = current
                await on_change()
            if any(not folder.is_dir() for folder in folders):
                break  # a root was replaced: the watch is on what is gone


def fingerprint(roots: Sequence[Path]) -> Fingerprint:
    """Give what tells one content of *roots* from another without reading the files."""
    return tuple(entry for root in roots for entry in (*_entries(root), (head_commit(root), 0, 0, 0)))


async def _settled(roots: Sequence[Path], quiet_seconds: float) -> Fingerprint:
    before = fingerprint(roots)
    while True:
        await asyncio.sleep(quiet_seconds)
        after = fingerprint(roots)
        if after == before and not any(_git_is_busy(root) for root in roots):
            return after
        before = after


def _git_is_busy(root: Path) -> bool:
    directory = git_directory(root)
    return directory is not None and any((directory / lock).exists() for lock in _LOCKS)


def _entries(root: Path) -> Iterator[tuple[str, int, int, int]]:
    paths = [str(root)]
    for directory, names, files in folders(root, _NOT_POLICY.__contains__):
        paths += [os.path.join(directory, name) for name in files]
        # A Kubernetes ConfigMap is changed by pointing a link elsewhere.
        paths += [path for name in names if os.path.islink(path := os.path.join(directory, name))]
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue  # gone since it was listed, which the next look shows
        if path != str(root) or not os.path.isdir(path):
            yield (path, status.st_mtime_ns, status.st_size, status.st_ino)
