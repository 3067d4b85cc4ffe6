"""A benchmark on a machine that lacks a tool says what to install, and why a build failed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from peers import cerbos, go_tools, missing
from peers.missing import PeerMissingError


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and nothing on PATH; gives the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("tool", [go_tools.go_embed, go_tools.ghz])
def test_without_go_the_sentence_names_it(bare_machine: Path, tool: object) -> None:
    """What Go builds cannot be had without it, and nothing is left in the cache."""
    assert callable(tool)
    with pytest.raises(PeerMissingError, match="built with Go, and there is none: install golang-go"):
        tool()
    assert list(bare_machine.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="Cerbos is pinned for another")
def test_without_npm_the_sentence_names_it(bare_machine: Path) -> None:
    """Cerbos comes from npm only."""
    with pytest.raises(PeerMissingError, match="comes from npm, and there is none: install npm"):
        cerbos.binary()
    assert list(bare_machine.iterdir()) == []


def test_a_build_that_fails_tells_its_own_words(tmp_path: Path) -> None:
    """The end of the output is in the error; a person sees what was tried."""
    told: list[str] = []
    command = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with pytest.raises(PeerMissingError, match="Building it: it failed: the disk is full"):
        missing.run(command, "Building it", folder=tmp_path, environment=os.environ, progress=told.append)
    assert told == ["Building it"]


def test_a_tool_that_is_there_already_is_not_built_again(bare_machine: Path) -> None:
    """The cache is looked at first, so that a second run needs neither Go nor a network."""
    there = bare_machine / "actas" / "benchmarks" / "ghz" / go_tools.GHZ_VERSION / "ghz"
    there.parent.mkdir(parents=True)
    there.touch()
    assert go_tools.ghz() == there
