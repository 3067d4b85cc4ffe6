"""Finds, fetches or builds the OPA binary of the pinned version.

The version is pinned exactly because a patch release of OPA has changed evaluation results before;
raising it is a reviewed change that runs every fixture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from actas.errors import OpaNotFoundError

OPA_VERSION = "1.22.2"
RELEASES = "https://github.com/open-policy-agent/opa/releases/download"
_VERSION_SECONDS = 20.0

Progress = Callable[[str], None]


def print_progress(message: str) -> None:
    """Tell a person on stderr what takes so long."""
    print(message, file=sys.stderr, flush=True)


def cache_path(version: str = OPA_VERSION) -> Path:
    """Where a fetched binary is kept: below `$XDG_CACHE_HOME`, else `~/.cache`. Raises `OpaNotFoundError`."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise OpaNotFoundError("this user has no home directory: say where OPA is in $ACTAS_OPA") from None
    return root / "actas" / "opa" / version / "opa"


def resolve_opa(*, progress: Progress = print_progress, fetch: bool = True, releases: str = RELEASES) -> Path:
    """Return the path of an OPA binary of `OPA_VERSION`.

    In this order: `$ACTAS_OPA` (which must fit when it is set), `opa` on PATH, the cache, and with
    *fetch* the official release from *releases*, then `go install`. Blocks, perhaps for minutes.
    Raises `OpaNotFoundError`, which lists what was tried.
    """
    chosen = os.environ.get("ACTAS_OPA", "")
    if chosen:
        if problem := _unfit(Path(chosen)):
            raise OpaNotFoundError(f"$ACTAS_OPA names {chosen}, but {problem}")
        return Path(chosen).absolute()
    tried = []
    on_path = shutil.which("opa")
    if on_path is None:
        tried.append("PATH: there is no opa")
    elif problem := _unfit(Path(on_path)):
        tried.append(f"PATH: {on_path}: {problem}")
    else:
        return Path(on_path).absolute()
    cached = cache_path()
    if problem := _unfit(cached):
        tried.append(f"cache: {cached}: {problem}")
    else:
        return cached
    if fetch:
        return _fetch(cached, tried, progress, releases)
    raise _not_found(tried)


def _fetch(target: Path, tried: list[str], progress: Progress, releases: str) -> Path:
    # Its HTTP client is slow to load, and OPA is fetched once.
    from actas.engine.opa_fetch import FetchFailedError, download, go_install  # noqa: PLC0415

    ways: tuple[tuple[str, Callable[[Path], None]], ...] = (
        ("release download", lambda path: download(path, OPA_VERSION, progress, releases)),
        ("go install", lambda path: go_install(path, OPA_VERSION, progress)),
    )
    fresh = target.with_name(f"opa.{os.getpid()}")
    for name, fetch in ways:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            fetch(fresh)
            if problem := _unfit(fresh):
                raise FetchFailedError(f"the result cannot be used: {problem}")
            # A rename: whoever else resolves at the same time sees a whole binary or none.
            fresh.replace(target)
        except (FetchFailedError, OSError) as error:
            tried.append(f"{name}: {error}")
            progress(f"OPA {OPA_VERSION}: {name} did not work: {error}")
        else:
            progress(f"OPA {OPA_VERSION} is ready: {target}")
            return target
        finally:
            fresh.unlink(missing_ok=True)
    raise _not_found(tried)


def _unfit(binary: Path) -> str:
    """Why *binary* cannot be used; empty when it can."""
    if not binary.is_file():
        return "there is no such file"
    if not os.access(binary, os.X_OK):
        return "it is not executable"
    try:
        run = subprocess.run(
            [binary, "version"], capture_output=True, text=True, errors="replace", timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "it cannot be run"
    lines = run.stdout.splitlines()
    found = lines[0].removeprefix("Version: ") if lines and lines[0].startswith("Version: ") else ""
    if run.returncode != 0 or not found:
        return "it is not OPA"
    return "" if found == OPA_VERSION else f"it is version {found}, not {OPA_VERSION}"


def _not_found(tried: list[str]) -> OpaNotFoundError:
    attempts = "\n".join(f"  - {attempt}" for attempt in tried)
    return OpaNotFoundError(
        f"OPA {OPA_VERSION} is needed and was not found. Set $ACTAS_OPA to its path, or give this machine Go "
        f"or a network that reaches OPA's releases. Tried:\n  - $ACTAS_OPA: not set\n{attempts}"
    )
