"""The checks that this version makes: which there are, and what guarantees those that no single rule does.

What must hold of an answer rather than of a request is written down by hand, in `policies/outputs.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actas.errors import SuiteError
from actas.policy.suite_yaml import read

# How many checks of each kind the specifications give to this version.
_COUNTS = {
    "REQ": 7,
    "TOK": 12,
    "BND": 6,
    "ACT": 16,
    "MAY": 8,
    "TGT": 11,
    "SCP": 11,
    "RAR": 5,
    "LIF": 5,
    "TYP": 3,
    "AUT": 8,
    "APR": 7,
    "CNF": 4,
    "SPF": 5,
    "SVI": 8,
    "FED": 3,
    "KIL": 5,
    "OBO": 3,
}
CHECKS = tuple(f"{kind}-{number:02}" for kind, count in _COUNTS.items() for number in range(1, count + 1))
_OUTPUT_KEYS = {"check", "says", "guaranteed", "shown"}
_ID = re.compile(r"[A-Z]{3}-\d\d")


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """A check of what is issued; *guaranteed* and *shown* name code and tests as `path#name`."""

    check: str
    says: str
    guaranteed: tuple[str, ...]
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """Checks or codes that this version deliberately lacks, and why."""

    names: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Outputs:
    """What `outputs.yaml` says."""

    outputs: tuple[OutputCheck, ...]
    later: tuple[Later, ...]


def read_outputs(path: Path) -> Outputs:
    """Read `outputs.yaml`; raises `ValueError` with a sentence."""
    try:
        document = read(path, path.name).value
    except SuiteError as error:
        raise ValueError(str(error)) from None
    if not isinstance(document, dict) or document.keys() != {"outputs", "later"}:
        raise ValueError(f"{path.name} has the members outputs and later")
    return Outputs(
        tuple(_output(path, number, entry) for number, entry in enumerate(document["outputs"] or [], 1)),
        tuple(_later(path, number, entry) for number, entry in enumerate(document["later"] or [], 1)),
    )


def _output(path: Path, number: int, entry: Any) -> OutputCheck:
    where = f"{path.name}: output {number}"
    if not isinstance(entry, dict) or entry.keys() != _OUTPUT_KEYS:
        raise ValueError(f"{where} needs check, says, guaranteed and shown")
    check = str(entry["check"])
    if not _ID.fullmatch(check):
        raise ValueError(f"{where}: {check!r} is no check")
    for name in ("guaranteed", "shown"):
        if not isinstance(entry[name], list) or not entry[name]:
            raise ValueError(f"{where}: {check}: {name} lists at least one place as path#name")
    return OutputCheck(check, str(entry["says"]), tuple(map(str, entry["guaranteed"])), tuple(map(str, entry["shown"])))


def _later(path: Path, number: int, entry: Any) -> Later:
    if not isinstance(entry, dict) or entry.keys() != {"names", "why"} or not isinstance(entry["names"], list):
        raise ValueError(f"{path.name}: later {number} needs names and why")
    return Later(tuple(map(str, entry["names"])), str(entry["why"]))


def missing_places(output: OutputCheck, root: Path) -> Iterator[str]:
    """Say which places of *output* are not there; *root* is the repository."""
    for place in (*output.guaranteed, *output.shown):
        path, _, name = place.partition("#")
        file = root / path
        if not file.is_file():
            yield f"{output.check} is said to be guaranteed or shown in {path}, which is not there"
        elif not name or not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", file.read_text(encoding="utf-8")):
            yield f"{output.check} is said to be guaranteed or shown by {name!r} in {path}, which has no such name"
