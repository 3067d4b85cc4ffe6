"""A Keycloak that is ready to start: fetched once, and built once per jar of the provider.

Everything is kept below the user's cache directory and shared; nobody writes into it after it is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import kc_maven
import kc_process
from kc_maven import BuildError, Say

VERSION = "26.7.3"
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
BUILD_OPTIONS = ("--db=dev-mem", "--metrics-enabled=true", "--health-enabled=true")
KEEP_SECONDS = 14 * 24 * 3600


def cache() -> Path:
    """Where things are kept: below `$XDG_CACHE_HOME`, else `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "actas" / "keycloak"


def ensure(say: Say, *, with_provider: bool = True, options: Sequence[str] = ()) -> Path:
    """Give a built Keycloak, with the provider's jar in it or without, for *options* of `kc.sh build`.

    Raises BuildError.
    """
    kc_maven.check_tools()
    provider = kc_maven.jar(say) if with_provider else None
    chosen = [*BUILD_OPTIONS, *options]
    parts = [provider or b"", *(option.encode() for option in chosen)]
    name = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    home = cache() / f"{VERSION}-{name}"
    with kc_maven.lock(cache() / ".lock"):
        if not home.is_dir():
            original = _original(say)
            say(f"Building Keycloak {VERSION} {'with' if provider else 'without'} the provider, half a minute ...")
            _make(home, lambda folder: _build(folder, original, provider, chosen))
        os.utime(home)
        _forget_old(home)
    return home


def _original(say: Say) -> Path:
    home = cache() / f"{VERSION}-original"
    if not home.is_dir():
        say(f"Fetching Keycloak {VERSION}, 177 MB, unless Maven has it already ...")
        _make(home, lambda folder: _unpack(folder, say))
    return home


def _make(home: Path, fill: Callable[[Path], None]) -> None:
    """Make *home* whole or not at all."""
    with tempfile.TemporaryDirectory(prefix=".making-", dir=home.parent) as name:
        folder = Path(name) / "home"
        fill(folder)
        folder.rename(home)


def _unpack(folder: Path, say: Say) -> None:
    into = folder.parent
    copy = ["dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={into}"]
    kc_maven.maven(copy, cwd=into, what="Keycloak", say=say)
    (archive,) = into.glob("*.zip")
    with archive.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != SHA256:
        raise BuildError(f"{archive.name} has the SHA-256 {found}, not {SHA256}: it is not what was published")
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            path = Path(packed.extract(entry, into))
            if mode := (entry.external_attr >> 16) & 0o777:
                path.chmod(mode)
    (into / f"keycloak-{VERSION}").rename(folder)


def _build(folder: Path, original: Path, provider: bytes | None, options: Sequence[str]) -> None:
    # Links, so that a build takes a few megabytes; it rewrites lib/quarkus in place, which the original must not see.
    shutil.copytree(original, folder, copy_function=os.link, ignore=shutil.ignore_patterns("quarkus"))
    shutil.copytree(original / "lib" / "quarkus", folder / "lib" / "quarkus")
    if provider is not None:
        (folder / "providers" / kc_maven.JAR.name).write_bytes(provider)
    command = [str(folder / "bin" / "kc.sh"), "build", *options]
    environment = kc_process.own_environment("KC_", "JAVA_OPTS")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()
        raise BuildError("\n".join(["`kc.sh build` failed:", *lines[-kc_process.LAST_LINES :]]))


def _forget_old(current: Path) -> None:
    """Remove what nobody has used for two weeks: every jar of a developer leaves a build."""
    for home in cache().glob("[0-9]*-*"):
        if home != current and "original" not in home.name and time.time() - home.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(home, ignore_errors=True)
