"""The issuers' keys that an adopter's root brings: read with the rest of the revision, and part of it.

A path is below its own root, whatever links lie there: a registry must not be able to make the service read
another file of the machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from actas.errors import ActivationError, Problem
from actas.evidence.keys import MAX_KEYS_BYTES, TrustedIssuer, VerificationKey, read_keys
from actas.policy.index import DEFAULT_ALGORITHMS
from actas.policy.located import Located

APPROVAL = "approval"
EVENTS = "events"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The JWK set of one issuer; *path* as the registry names it, *shown* as messages do."""

    issuer: str
    path: str
    shown: str
    text: bytes


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The keys that the file at *path* holds, by `kid`."""

    path: str
    keys: Mapping[str, VerificationKey]


def read_key_files(root: Path, name: str, registry: Located) -> tuple[KeyFile, ...]:
    """Read every `jwks_file` of the root at *root*; raises `ActivationError` listing those that cannot be had."""
    found, problems = [], []
    for issuer, entry in _long_forms(registry.value):
        path = entry.get("jwks_file")
        if not isinstance(path, str) or not path:
            continue  # absent, or a mistake that the registry's own check names
        try:
            found.append(KeyFile(issuer, path, f"{name}/{path}", _read(root, path)))
        except ValueError as error:
            line = registry.line(("issuers", issuer, "jwks_file"))
            problems.append(Problem(f"registry.issuers.{issuer}.jwks_file: {path!r} {error}", registry.file, line))
    if problems:
        raise ActivationError(problems)
    return tuple(found)


def check_keys(files: Iterable[KeyFile], registry: Mapping[str, Any]) -> tuple[dict[str, IssuerKeys], list[Problem]]:
    """Give the keys of each issuer, and what is wrong with a file, by file and key."""
    keys: dict[str, IssuerKeys] = {}
    problems = []
    entries = dict(_long_forms(registry))
    for file in files:
        try:
            keys[file.issuer] = IssuerKeys(file.path, read_keys(file.text, _algorithms(entries.get(file.issuer, {}))))
        except ValueError as error:
            problems.append(Problem(f"the keys of {file.issuer}: {error}", file.shown))
    return keys, problems


def trusted(keys: Mapping[str, IssuerKeys], registry: Mapping[str, Any], role: str) -> dict[str, TrustedIssuer]:
    """Give the issuers that *registry* trusts in *role*; one that names another file than was read has no keys."""
    return {
        issuer: TrustedIssuer(keys[issuer].keys, _algorithms(entry))
        for issuer, entry in _long_forms(registry)
        if role in _texts(entry.get("roles")) and issuer in keys and keys[issuer].path == entry.get("jwks_file")
    }


def fingerprint(file: KeyFile) -> tuple[str, str]:
    """Give what makes a revision with other keys another revision."""
    return f"keys/{file.issuer}", hashlib.sha256(file.text).hexdigest()


def _long_forms(registry: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    issuers = registry.get("issuers")
    pairs = issuers.items() if isinstance(issuers, dict) else ()
    return [(issuer, entry) for issuer, entry in pairs if isinstance(issuer, str) and isinstance(entry, dict)]


def _algorithms(entry: Mapping[str, Any]) -> frozenset[str]:
    given = entry.get("algorithms")
    # Whatever a test case may write there, only what is asymmetric is an algorithm here.
    return frozenset(DEFAULT_ALGORITHMS if given is None else _texts(given)) & frozenset(DEFAULT_ALGORITHMS)


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _read(root: Path, name: str) -> bytes:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError("is no path below the policy root")
    file = root / path
    try:
        if not file.resolve().is_relative_to(root.resolve()):
            raise ValueError("leads out of the policy root")
        if not file.is_file():
            raise ValueError("is no file of the policy root")
        with file.open("rb") as source:
            text = source.read(MAX_KEYS_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except RuntimeError:
        raise ValueError("is a circle of links") from None
    if len(text) > MAX_KEYS_BYTES:
        raise ValueError(f"is larger than {MAX_KEYS_BYTES} bytes")
    return text
