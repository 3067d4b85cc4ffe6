"""The resolver returns an OPA of exactly the pinned version, or says everything it tried."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actas.engine.opa_binary import OPA_VERSION, cache_path, resolve_opa
from actas.errors import OpaNotFoundError

SAID: list[str] = []


@cache
def real_opa() -> Path:
    """The binary under which all tests run."""
    return resolve_opa()


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No OPA anywhere: nothing set, nothing on PATH, nothing in the cache."""
    real_opa()
    SAID.clear()
    (tmp_path / "bin").mkdir()
    monkeypatch.delenv("ACTAS_OPA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def script(path: Path, says: str, status: int = 0) -> Path:
    """An executable that prints *says*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return path


class Releases(BaseHTTPRequestHandler):
    """A release server with the real binary; the test chooses the digest."""

    digest = ""

    def do_GET(self) -> None:
        """Serve the binary or its digest."""
        content = f"{self.digest}  opa\n".encode() if self.path.endswith(".sha256") else real_opa().read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def releases() -> Iterator[str]:
    """The address of a release server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Releases) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_environment_variable_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$ACTAS_OPA wins over PATH."""
    script(tmp_path / "bin" / "opa", f"Version: {OPA_VERSION}")
    monkeypatch.setenv("ACTAS_OPA", str(real_opa()))
    assert resolve_opa() == real_opa()


@pytest.mark.parametrize("says", ["Version: 1.22.1", "Version: 1.22.20", "hello", ""])
def test_a_wrong_choice_is_an_error_and_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str
) -> None:
    """Whoever sets $ACTAS_OPA must not get another binary silently."""
    monkeypatch.setenv("ACTAS_OPA", str(script(tmp_path / "mine", says)))
    with pytest.raises(OpaNotFoundError, match="ACTAS_OPA"):
        resolve_opa()


def test_a_binary_on_the_path_is_taken_when_it_has_the_pinned_version(tmp_path: Path) -> None:
    """PATH comes before the cache."""
    (tmp_path / "bin" / "opa").symlink_to(real_opa())
    assert resolve_opa() == tmp_path / "bin" / "opa"


def test_another_version_on_the_path_is_passed_over_for_the_cache(tmp_path: Path) -> None:
    """Only the pinned version is used."""
    script(tmp_path / "bin" / "opa", "Version: 0.70.0")
    cache_path().parent.mkdir(parents=True)
    cache_path().symlink_to(real_opa())
    assert resolve_opa() == cache_path()


def test_a_release_is_downloaded_verified_and_cached(releases: str) -> None:
    """After one download the cache serves."""
    Releases.digest = hashlib.sha256(real_opa().read_bytes()).hexdigest()
    assert resolve_opa(progress=SAID.append, releases=releases) == cache_path()
    assert os.access(cache_path(), os.X_OK)
    assert any("Downloading" in line for line in SAID)
    assert resolve_opa(fetch=False) == cache_path()


@pytest.mark.parametrize("digest", ["0" * 64, "not a digest", ""])
def test_a_download_with_another_digest_is_never_used(releases: str, digest: str) -> None:
    """A broken download leaves nothing behind."""
    Releases.digest = digest
    with pytest.raises(OpaNotFoundError, match="SHA-256"):
        resolve_opa(progress=SAID.append, releases=releases)
    assert list(cache_path().parent.iterdir()) == []


def test_go_builds_it_when_releases_cannot_be_reached(tmp_path: Path) -> None:
    """`go install` of the pinned module is the last way; what it builds is checked like the others."""
    script(tmp_path / "bin" / "go", "").write_text(
        f'#!/bin/sh\n[ "$*" = "install github.com/open-policy-agent/opa@v{OPA_VERSION}" ] || exit 9\n'
        f'/bin/cp "{real_opa()}" "$GOBIN/opa"\n'
    )
    assert resolve_opa(progress=SAID.append, releases="http://127.0.0.1:9") == cache_path()


def test_when_nothing_works_the_error_lists_what_was_tried(tmp_path: Path) -> None:
    """The message is enough to repair the machine."""
    script(tmp_path / "bin" / "opa", "Version: 0.70.0")
    script(tmp_path / "bin" / "go", "module lookup disabled", status=1)
    with pytest.raises(OpaNotFoundError) as caught:
        resolve_opa(progress=SAID.append, releases="http://127.0.0.1:9")
    message = str(caught.value)
    for part in ("$ACTAS_OPA: not set", "0.70.0", str(cache_path()), "release download", "module lookup disabled"):
        assert part in message


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nowhere to look, nor to put what is fetched."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # as where the user has a number alone

    with pytest.raises(OpaNotFoundError, match=r"no home directory: .* \$ACTAS_OPA"):
        resolve_opa()


def test_nothing_is_fetched_unless_wanted() -> None:
    """A caller can ask only for what is already there."""
    with pytest.raises(OpaNotFoundError) as caught:
        resolve_opa(progress=SAID.append, fetch=False)
    assert SAID == []
    assert "download" not in str(caught.value)
