"""One adopter's root: a directory, or a bundle made from one by `opa build -b`."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from actas.errors import ActivationError, Problem
from actas.evidence.anchors import TrustAnchors
from actas.policy import located
from actas.policy.folders import folders
from actas.policy.key_files import KeyFile, read_key_files
from actas.policy.located import Located, text_of

CUSTOM = "custom/actas"
MAX_BUNDLE_BYTES = 256 * 1024 * 1024
_DATA_FILES = ("data.yaml", "data.yml", "data.json")
# What somebody who gives the file another name calls it; other JSON there may be keys.
_MISTAKEN_FILES = (".yaml", ".yml", "/settings.json", "/registry.json")
_DATA_PLACES = {f"{CUSTOM}/{kind}/{file}" for kind in ("settings", "registry") for file in _DATA_FILES}
_REGO_PLACES = (f"{CUSTOM}/rules/", f"{CUSTOM}/limits/")


@dataclass(frozen=True, slots=True)
class AdopterRoot:
    """What was read: modules as (path below the root, name in messages, text), the two data files, issuers' keys."""

    rego: tuple[tuple[str, str, str], ...]
    settings: Located
    registry: Located
    keys: tuple[KeyFile, ...] = ()


def read_root(root: Path, anchors: TrustAnchors | None = None) -> AdopterRoot:
    """Read the root at *root*, and key files that *anchors* allow elsewhere.

    Raises `ActivationError` listing everything that doesn't belong there.
    """
    if root.is_dir():
        return _read_directory(root, str(root), anchors)
    if root.is_file() and root.name.endswith((".tar.gz", ".tgz")):
        with tempfile.TemporaryDirectory(prefix="actas-bundle-") as folder:
            _extract(root, Path(folder))
            return _read_directory(Path(folder), str(root), anchors)
    what = "is neither a directory nor a bundle (.tar.gz)" if root.exists() else "does not exist"
    raise ActivationError([Problem(f"the policy root {what}", str(root))])


def _read_directory(root: Path, name: str, anchors: TrustAnchors | None) -> AdopterRoot:
    files = sorted(_files(root))
    mine = [path for path in files if path.startswith(f"{CUSTOM}/")]
    bundled = [path for path in files if path in _DATA_FILES]
    if not mine and not bundled:
        raise ActivationError([Problem(f"the policy root is empty: nothing below {CUSTOM}/", name)])
    problems = [*_manifest_problems(root, name), *_misplaced(files, name)]
    rego: list[tuple[str, str, str]] = []
    for path in mine:
        if path.endswith(".rego") and not path.endswith("_test.rego") and path.startswith(_REGO_PLACES):
            where = f"{name}/{path}"
            try:
                rego.append((path, where, text_of(root / path, where)))
            except ActivationError as error:
                problems += error.problems
    if problems:
        raise ActivationError(problems)
    settings, registry = (_data(root, name, kind, bundled) for kind in ("settings", "registry"))
    return AdopterRoot(tuple(rego), settings, registry, read_key_files(root, name, registry, anchors))


def _files(root: Path) -> Iterator[str]:
    """Give every file below the root that is not hidden, nor in a hidden folder."""
    for directory, _, files in folders(root, _is_hidden):
        for name in files:
            if not _is_hidden(name):
                yield Path(directory, name).relative_to(root).as_posix()


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _misplaced(files: list[str], name: str) -> Iterator[Problem]:
    for path in files:
        where = f"{name}/{path}"
        if path.endswith(".rego") and path.startswith((f"{CUSTOM}/settings/", f"{CUSTOM}/registry/")):
            yield Problem("settings and registry are data files only: no Rego here", where, 1)
        elif path.endswith(".rego") and not (path.startswith(_REGO_PLACES) and path.count("/") >= 4):
            places = f"{CUSTOM}/rules/<name>/ or {CUSTOM}/limits/<name>/"
            yield Problem(f"Rego belongs below {places}; here it would have no effect", where, 1)
        elif path.startswith("custom/") and path not in _DATA_PLACES and _is_meant_for_data(path):
            places = f"{CUSTOM}/settings/data.yaml and {CUSTOM}/registry/data.yaml"
            yield Problem(f"data belongs into {places}; here it would have no effect", where, 1)


def _is_meant_for_data(path: str) -> bool:
    beside = path.startswith((f"{CUSTOM}/settings/", f"{CUSTOM}/registry/"))
    return path.endswith(_DATA_FILES) or (beside and path.endswith(_MISTAKEN_FILES))


def _manifest_problems(root: Path, name: str) -> Iterator[Problem]:
    path = root / ".manifest"
    if not path.is_file():
        return
    where = f"{name}/.manifest"
    try:
        roots = json.loads(path.read_text(encoding="utf-8")).get("roots", [""])
    except (ValueError, AttributeError, OSError) as error:
        yield Problem(f"is no manifest: {error}", where)
        return
    for owned in roots if isinstance(roots, list) and roots else [roots]:
        if not isinstance(owned, str) or not f"{owned.strip('/')}/".startswith(f"{CUSTOM}/"):
            yield Problem(f"the root {owned!r} is not within {CUSTOM}", where, 1)


def _data(root: Path, name: str, kind: str, bundled: list[str]) -> Located:
    found = [root / CUSTOM / kind / file for file in _DATA_FILES if (root / CUSTOM / kind / file).is_file()]
    inside: tuple[str, ...] = ()
    if not found:  # a built bundle carries all data in one file at its root
        found, inside = [root / file for file in bundled], ("custom", "actas", kind)
    if len(found) > 1:
        listed = ", ".join(path.name for path in found)
        raise ActivationError([Problem(f"give one data file, not {listed}", f"{name}/{CUSTOM}/{kind}")])
    if not found:
        return Located(f"{name}/{CUSTOM}/{kind}/data.yaml", {})
    return located.read(found[0], inside, shown_as=f"{name}/{found[0].relative_to(root).as_posix()}")


def _extract(bundle: Path, folder: Path) -> None:
    try:
        with tarfile.open(bundle, "r:gz") as archive:
            size = 0
            for member in archive:
                size += member.size
                if size > MAX_BUNDLE_BYTES:
                    raise ActivationError([Problem("the bundle unpacks to more than 256 MiB", str(bundle))])
                archive.extract(_relative(member), folder, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ActivationError([Problem(f"is no readable bundle: {error}", str(bundle))]) from error


def _relative(member: tarfile.TarInfo) -> tarfile.TarInfo:
    # OPA writes names with a leading slash; the data filter would refuse nothing else for it.
    return member.replace(name=member.name.lstrip("/"), deep=False)
