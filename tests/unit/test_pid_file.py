"""The file through which `actas policy reload` finds the service."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from actas.errors import ConfigError
from actas.server.pid_file import PidFile, ask, default_path, holding


def test_the_service_that_holds_the_file_is_asked_to_reload(tmp_path: Path) -> None:
    """SIGHUP reaches the process whose id is in the file."""
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _frame: heard.append(number))
    held = PidFile(tmp_path / "new" / "serve.pid")
    try:
        assert ask(tmp_path / "new" / "serve.pid", signal.SIGHUP) == os.getpid()
    finally:
        held.release()
        signal.signal(signal.SIGHUP, before)

    assert heard == [signal.SIGHUP]
    assert not (tmp_path / "new" / "serve.pid").exists()


def test_a_file_left_by_a_killed_service_signals_nobody(tmp_path: Path) -> None:
    """Its process id may belong to somebody else by now."""
    (tmp_path / "serve.pid").write_text("1\n")

    with pytest.raises(ConfigError, match="gone"):
        ask(tmp_path / "serve.pid", signal.SIGHUP)


def test_without_a_file_the_error_says_so(tmp_path: Path) -> None:
    """No service runs there."""
    with pytest.raises(ConfigError, match="no service"):
        ask(tmp_path / "serve.pid", signal.SIGHUP)


def test_two_services_cannot_hold_one_file(tmp_path: Path) -> None:
    """The second would make the first one unreachable."""
    held = PidFile(tmp_path / "serve.pid")
    try:
        with pytest.raises(ConfigError, match="another service"):
            PidFile(tmp_path / "serve.pid")
    finally:
        held.release()


def test_the_default_is_in_the_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG Base Directory Specification has it."""
    monkeypatch.setenv("XDG_STATE_HOME", "/state")

    assert default_path() == Path("/state/actas/serve.pid")


def test_a_user_without_a_home_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service then does without the file, unless it is told where."""
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where the user has a number alone

    with holding(None):
        pass
    with pytest.raises(ConfigError, match="no home directory"):
        default_path()
