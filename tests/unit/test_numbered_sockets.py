"""A client of `unix:PATH` finds the sockets of several workers, one path for each."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from actas.client import Target


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for a socket."""
    with TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def bound() -> Iterator[ExitStack]:
    """Give what closes the sockets of a test."""
    with ExitStack() as stack:
        yield stack


def bind(bound: ExitStack, *paths: Path) -> None:
    """Make a socket at each of *paths*."""
    for path in paths:
        bound.enter_context(socket.socket(socket.AF_UNIX)).bind(str(path))


def addresses(path: Path, count: int = 8) -> list[str]:
    """Say where the first *count* connections lead."""
    source = Target(f"unix:{path}").source()
    return [source.address(turn) for turn in range(count)]


def test_the_path_itself_comes_first(folder: Path, bound: ExitStack) -> None:
    """As with one worker."""
    bind(bound, folder / "a", folder / "a.0", folder / "a.1")

    assert set(addresses(folder / "a")) == {f"unix:{folder}/a"}


def test_numbered_paths_get_as_many_connections_each(folder: Path, bound: ExitStack) -> None:
    """Those that exist, whichever they are; nothing else beside them is taken for one."""
    bind(bound, *(folder / f"a.{number}" for number in (0, 2, 10, 3)), folder / "a.b", folder / "b.1", folder / "a.1.2")
    (folder / "a.7").write_text("not a socket")

    assert addresses(folder / "a", 4) == [f"unix:{folder}/a.{number}" for number in (0, 2, 3, 10)]
    assert set(Counter(addresses(folder / "a", 8)).values()) == {2}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket to somebody else")
def test_a_socket_of_another_user_is_no_worker(folder: Path, bound: ExitStack) -> None:
    """Whoever may write beside the service's sockets would otherwise get a share of the calls, and decide them."""
    bind(bound, *(folder / f"a.{number}" for number in range(3)))
    os.chown(folder / "a.2", 65534, -1)

    assert set(addresses(folder / "a")) == {f"unix:{folder}/a.0", f"unix:{folder}/a.1"}


def test_a_service_that_is_not_there_is_at_the_path(folder: Path) -> None:
    """Also where the folder itself does not exist."""
    assert set(addresses(folder / "a")) == {f"unix:{folder}/a"}
    assert set(addresses(folder / "none" / "a")) == {f"unix:{folder}/none/a"}


def test_a_name_is_no_pattern(folder: Path, bound: ExitStack) -> None:
    """Characters that a shell would read are characters."""
    bind(bound, folder / "[ab]*.0", folder / "a.1")

    assert set(addresses(folder / "[ab]*")) == {f"unix:{folder}/[ab]*.0"}
