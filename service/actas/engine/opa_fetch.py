"""Two ways to get OPA: its official release, or building the pinned Go module.

A release is compared with the SHA-256 that is published beside it, over HTTPS. That detects a broken
or mixed-up download, not a release that was replaced at its origin; `go install` is checked by Go
against its public checksum database.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

_ASSETS = {
    ("Linux", "x86_64"): "opa_linux_amd64_static",
    ("Linux", "aarch64"): "opa_linux_arm64_static",
    ("Darwin", "x86_64"): "opa_darwin_amd64",
    ("Darwin", "arm64"): "opa_darwin_arm64_static",
}
_MAX_BYTES = 300 * 2**20
_BUILD_SECONDS = 900.0
_TELL_EVERY_SECONDS = 5.0
# Long enough for a slow network, short enough not to bore somebody who is offline.
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class FetchFailedError(Exception):
    """One way did not work; the message says why in one sentence."""


def download(target: Path, version: str, progress: Callable[[str], None], releases: str) -> None:
    """Download the official binary below *releases* to *target*; raises `FetchFailedError`."""
    asset = _ASSETS.get((platform.system(), platform.machine()))
    if asset is None:
        raise FetchFailedError(f"there is no release for {platform.system()} {platform.machine()}")
    url = f"{releases}/v{version}/{asset}"
    progress(f"Downloading OPA {version} from {url}")
    try:
        with httpx.Client(follow_redirects=True, timeout=_TIMEOUT) as client:
            expected = _published_digest(client, f"{url}.sha256")
            found = _save(client, url, target, progress)
    except httpx.HTTPError as error:
        raise FetchFailedError(f"{type(error).__name__} for {url}") from error
    if found != expected:
        target.unlink(missing_ok=True)
        raise FetchFailedError("the download does not have the SHA-256 that is published with it")
    target.chmod(0o755)


def _published_digest(client: httpx.Client, url: str) -> str:
    answer = client.get(url)
    if answer.status_code != httpx.codes.OK:
        raise FetchFailedError(f"HTTP {answer.status_code} for {url}")
    words = answer.text.split()
    if not words or not re.fullmatch("[0-9a-f]{64}", words[0]):
        raise FetchFailedError(f"{url} is not a SHA-256")
    return words[0]


def _save(client: httpx.Client, url: str, target: Path, progress: Callable[[str], None]) -> str:
    digest, size, told = hashlib.sha256(), 0, time.monotonic()
    with client.stream("GET", url) as answer, target.open("wb") as file:
        if answer.status_code != httpx.codes.OK:
            raise FetchFailedError(f"HTTP {answer.status_code} for {url}")
        total = int(answer.headers.get("Content-Length", 0)) // 2**20
        for chunk in answer.iter_bytes(2**16):
            digest.update(chunk)
            size += file.write(chunk)
            if size > _MAX_BYTES:
                raise FetchFailedError("the download is far too large")
            if time.monotonic() - told > _TELL_EVERY_SECONDS:
                told = time.monotonic()
                progress(f"  {size // 2**20} of {total or '?'} MiB")
    return digest.hexdigest()


def go_install(target: Path, version: str, progress: Callable[[str], None]) -> None:
    """Build OPA from its pinned module to *target*; raises `FetchFailedError`."""
    go = shutil.which("go")
    if go is None:
        raise FetchFailedError("there is no Go")
    module = f"github.com/open-policy-agent/opa@v{version}"
    progress(f"Building OPA {version} with `go install {module}` (about 70 s on two cores)")
    with tempfile.TemporaryDirectory(prefix="actas-go-") as directory, tempfile.TemporaryFile() as output:
        environment = {**os.environ, "GOBIN": directory}
        build = subprocess.Popen(
            [go, "install", module],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            status = _wait(build, progress)
        finally:
            build.kill()
            build.wait()
        if status != 0:
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
            raise FetchFailedError(f"go exited with status {status}: {lines[-1] if lines else 'no output'}")
        shutil.copy2(Path(directory) / "opa", target)


def _wait(build: subprocess.Popen[bytes], progress: Callable[[str], None]) -> int:
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < _BUILD_SECONDS:
        try:
            return build.wait(timeout=_TELL_EVERY_SECONDS)
        except subprocess.TimeoutExpired:
            progress(f"  still building OPA, {elapsed + _TELL_EVERY_SECONDS:.0f} s so far")
    raise FetchFailedError(f"the build took more than {_BUILD_SECONDS:.0f} s")
