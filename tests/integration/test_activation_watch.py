"""Watching: one change, of however many files, is one activation."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actas.policy.git import head_commit
from actas.policy.watch import fingerprint, watch
from activation_support import write

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def watching(root: Path) -> AsyncIterator[list[str]]:
    """Watch *root* and give the list that gets its commit with every call."""
    calls: list[str] = []
    stop = asyncio.Event()

    async def on_change() -> None:
        calls.append(head_commit(root))

    task = asyncio.create_task(watch([root], on_change, stop=stop, quiet_seconds=0.2))
    await asyncio.sleep(0.5)
    try:
        yield calls
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(calls: list[str], count: int) -> None:
    """Wait until *count* calls were made, and a little longer for one too many."""
    for _ in range(100):
        if len(calls) >= count:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)


def git(root: Path, *arguments: str) -> None:
    """Run git in *root*, with nobody's configuration."""
    names = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1", **names}
    subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)


async def test_several_files_at_once_are_one_call(tmp_path: Path) -> None:
    """Files that change together are one change."""
    root = write(tmp_path / "mine", {f"custom/actas/rules/r{number}/r.rego": "package a\n" for number in range(20)})
    async with watching(root) as calls:
        for number in range(20):
            write(root, {f"custom/actas/rules/r{number}/r.rego": "package b\n"})
            await asyncio.sleep(0.01)
        await until(calls, 1)

    assert len(calls) == 1


async def test_what_a_link_leads_to_is_watched(tmp_path: Path) -> None:
    """It is read with the root, so it changes with the root, a circle of links or not."""
    shared = write(tmp_path / "shared", {"actas/settings/data.yaml": "max_targets: 1\n"})
    root = write(tmp_path / "mine", {"cases/a.yaml": "suite: s\n"})
    (root / "custom").symlink_to(shared)
    (shared / "round").symlink_to(root)
    before = fingerprint([root])
    write(shared, {"actas/settings/data.yaml": "max_targets: 10\n"})

    assert fingerprint([root]) != before
    assert len(before) == len(fingerprint([root])) < 10


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git, which the service itself does not")
async def test_one_git_checkout_is_one_call(tmp_path: Path) -> None:
    """A checkout that changes, adds and removes files is one change, and its commit is the new one."""
    root = write(tmp_path / "mine", {f"custom/actas/rules/r{number}/r.rego": "package a\n" for number in range(30)})
    git(root, "init", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--message=one")
    first = head_commit(root)
    write(root, {f"custom/actas/rules/r{number}/r.rego": "package b\n" for number in range(10, 40)})
    git(root, "add", ".")
    git(root, "commit", "--message=two")
    second = head_commit(root)
    async with watching(root) as calls:
        git(root, "checkout", "--detach", "HEAD~1")
        await until(calls, 1)
        git(root, "checkout", "main")
        await until(calls, 2)

    assert calls == [first, second]


async def test_a_git_that_is_still_writing_is_waited_for(tmp_path: Path) -> None:
    """While index.lock is there the files are half of a checkout."""
    root = write(tmp_path / "mine", {"custom/actas/settings/data.yaml": "max_targets: 1\n", ".git/HEAD": "x"})
    async with watching(root) as calls:
        (root / ".git" / "index.lock").touch()
        write(root, {"custom/actas/settings/data.yaml": "max_targets: 2\n"})
        await asyncio.sleep(1)
        during = len(calls)
        (root / ".git" / "index.lock").unlink()
        await until(calls, 1)

    assert during == 0
    assert len(calls) == 1
